//! Networks of callers, `10.1.2.0/24`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// An address, or all that begin with the same bits: `192.0.2.7`, `10.1.2.0/24`, `2001:db8::/32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// Not a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// Neither an address nor one with a number of bits.
    #[error("it is not an address or network such as 192.0.2.7, 10.1.2.0/24 or 2001:db8::/32")]
    Invalid,
    /// Bits are set behind those that count.
    #[error("its address has bits beyond the first {0}")]
    Beyond(u8),
}

/// The bits of an address, the first at the top.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)) << 96,
        IpAddr::V6(address) => u128::from(address),
    }
}

fn mask(bits: u8) -> u128 {
    !u128::MAX.checked_shr(bits.into()).unwrap_or(0)
}

impl Network {
    /// How many bits all its addresses begin with.
    pub(crate) fn prefix(&self) -> u8 {
        self.bits
    }

    /// Does it hold an address? One of IPv4 that is written as IPv6 (`::ffff:192.0.2.7`) counts as
    /// what it is.
    pub fn holds(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4()
            && (bits(address) ^ bits(self.address)) & mask(self.bits) == 0
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Invalid)?;
        if let IpAddr::V6(address) = address
            && Ipv6Addr::to_ipv4_mapped(&address).is_some()
        {
            return Err(NetworkError::Invalid);
        }
        let most = if address.is_ipv4() { 32 } else { 128 };
        let is_number = |bits: &&str| !bits.starts_with('+');
        let bits = match bits {
            None => most,
            Some(bits) => Some(bits)
                .filter(is_number)
                .and_then(|bits| bits.parse().ok())
                .filter(|bits| *bits <= most)
                .ok_or(NetworkError::Invalid)?,
        };
        match self::bits(address) & !mask(bits) {
            0 => Ok(Self { address, bits }),
            _ if bits == most => Ok(Self { address, bits }),
            _ => Err(NetworkError::Beyond(bits)),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_by_their_first_bits() {
        for (network, inside, outside) in [
            (
                "10.1.2.0/24",
                &["10.1.2.0", "10.1.2.255", "::ffff:10.1.2.9"][..],
                &["10.1.3.0", "::1"][..],
            ),
            ("192.0.2.7", &["192.0.2.7"], &["192.0.2.6"]),
            ("0.0.0.0/0", &["1.2.3.4"], &["::1", "2001:db8::1"]),
            ("2001:db8::/32", &["2001:db8:ffff::1"], &["2001:db9::", "10.1.2.3"]),
            ("::/0", &["::1"], &["127.0.0.1"]),
            ("::1", &["::1"], &["::2"]),
        ] {
            let network: Network = network.parse().unwrap();
            for address in inside {
                assert!(network.holds(address.parse().unwrap()), "{network} {address}");
            }
            for address in outside {
                assert!(!network.holds(address.parse().unwrap()), "{network} {address}");
            }
        }
    }

    #[test]
    fn what_is_not_a_network_is_refused() {
        for text in [
            "",
            "10.1.2.0/33",
            "10.1.2/24",
            "10.1.2.0/",
            "10.1.2.0/+8",
            "a",
            "::/129",
            "::ffff:10.1.2.3",
        ] {
            assert_eq!(text.parse::<Network>(), Err(NetworkError::Invalid), "{text}");
        }
        assert_eq!("10.1.2.3/24".parse::<Network>(), Err(NetworkError::Beyond(24)));
    }
}
