# Perl's SOAP::Lite, without a WSDL, as its users write against .NET: see stacks.sh for the arguments and what is printed.
use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));
use SOAP::Lite;

my ($calls, $version, @urls) = @ARGV;
my $namespace = 'http://tempuri.org/';
SOAP::Lite->soapversion($version);
for my $url (@urls) {
    open my $file, '<', $calls or die "$calls: $!";
    while (my $line = <$file>) {
        chomp $line;
        my ($name, $service, $operation, undef, @variables) = split /\t/, $line, -1;
        s/\\n/\n/g, s/\\t/\t/g for @variables;
        my $client = SOAP::Lite->proxy("$url/$service.asmx")->default_ns($namespace)
            ->on_action(sub { qq("$namespace$operation") });
        print "$url\t$name\t", said($client, $operation, @variables), "\n";
    }
}

sub said {
    my ($client, $operation, @variables) = @_;
    my @strings = map { SOAP::Data->name('string')->type(string => $_) } @variables;
    my $list = SOAP::Data->name(InputVariables => \SOAP::Data->value(@strings));
    my $answer = eval { $client->call($operation => SOAP::Data->name(inputs => \SOAP::Data->value($list))) } or return "error|$@";
    return 'fault|' . ($answer->faultstring // $answer->valueof('//Fault/Reason/Text')) if $answer->fault;
    my $result = "//${operation}Result";
    my @texts = map { $_ // '' } $answer->valueof("$result/Success"), $answer->valueof("$result/Message"), $answer->valueof("$result/OutputVariables/string");
    my $said = join '|', @texts;
    $said =~ s/\n/\\n/g;
    $said =~ s/\t/\\t/g;
    return $said;
}
