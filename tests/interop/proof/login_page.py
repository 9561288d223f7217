"""The login page in headless Chromium, beside a help desk that wants its cookie. See login_page.sh.

    login_page.py TOOL FOLDER    FOLDER has cert.pem and key.pem of *.example.com
"""

import http.server
import os
import secrets
import sqlite3
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import quote

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

TOOL, FOLDER = sys.argv[1], Path(sys.argv[2])
SHOTS = os.environ.get("LOGIN_PAGE_SCREENSHOTS")
KEY = FOLDER / "machine-key.toml"
results = []


def expect(what, expected, got):
    wrong = "" if expected == got else f": expected {expected!r}, got {got!r}"
    print(f"{'FAIL' if wrong else 'ok  '} {what}{wrong}", flush=True)
    results.append(not wrong)


class HelpDesk(http.server.BaseHTTPRequestHandler):
    """Lets in whoever has a cookie that can be read, and sends others to the login page."""

    login = None

    def do_GET(self):
        cookies = self.headers.get("Cookie", "")
        read = subprocess.run([TOOL, "cookie", "read", "--machine-key", KEY, "--json"], input=cookies, text=True, capture_output=True)
        if read.returncode == 0:
            body = f"<title>Help desk</title><p id=path>{self.path}</p><pre>{read.stdout}</pre>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        else:
            self.send_response(302)
            self.send_header("Location", f"{self.login}?ReturnUrl={quote(self.path)}")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *_):
        pass


def help_desk():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), HelpDesk)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FOLDER / "cert.pem", FOLDER / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"https://help.example.com:{server.server_port}"


def login_page(desk):
    """The tool, and the address of its page."""
    connection = sqlite3.connect(FOLDER / "users.sqlite")
    connection.execute("create table users(name, password)")
    connection.execute("insert into users values ('ann', 'hunter2')")
    connection.commit()
    connection.close()
    KEY.write_text(
        f"validationKey = '{secrets.token_hex(64)}'\ndecryptionKey = '{secrets.token_hex(32)}'\ncompatibilityMode = 'Framework45'\n"
    )
    KEY.chmod(0o600)
    file = FOLDER / "provider.toml"
    file.write_text(f"""
[service]
tls_certificate = 'cert.pem'
tls_key = 'key.pem'
[databases.shop]
kind = 'sqlite'
file = 'users.sqlite'
[lookups.user]
database = 'shop'
statement = 'select password from users where name = :loginUsername'
[logins.shop]
lookup = 'user'
password = 'password'
schemes = ['plain-unsafe']
[login]
[login_page]
machine_key = 'machine-key.toml'
return_to = ['{desk}/portal/']
cookie_domain = 'example.com'
keep = 'Keep me logged in'
introduction = 'Use your Example account.'
""")
    environment = os.environ | {"EXTERNAL_PROVIDERS_AUTH_PASSWORD": "any"}
    command = [TOOL, "serve", "--provider", file, "--listen", "127.0.0.1:0"]
    log = open(FOLDER / "serve.log", "w")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    for line in process.stdout:
        if line.startswith("login page: "):
            port = line.rsplit(":", 1)[1].split("/")[0]
            return process, f"https://login.example.com:{port}/login"
    sys.exit("the tool did not start: " + (FOLDER / "serve.log").read_text())


def browser(*arguments):
    options = webdriver.ChromeOptions()
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--ignore-certificate-errors", "--window-size=1000,700",
        "--host-resolver-rules=MAP *.example.com 127.0.0.1, MAP *.example 127.0.0.1", f"--user-data-dir={FOLDER}/{secrets.token_hex(4)}", *arguments,
    ):
        options.add_argument(argument)
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=webdriver.chrome.service.Service("/usr/bin/chromedriver"), options=options)


class Page:
    def __init__(self, driver):
        self.driver = driver

    def focus(self):
        element = self.driver.switch_to.active_element
        return element.get_attribute("name") or element.get_attribute("id") or element.tag_name

    def type(self, *keys):
        """To whatever has the focus, as a keyboard does."""
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def back(self, times=1):
        """Shift and Tab."""
        chain = webdriver.ActionChains(self.driver).key_down(Keys.SHIFT)
        for _ in range(times):
            chain = chain.send_keys(Keys.TAB)
        chain.key_up(Keys.SHIFT).perform()

    def until(self, condition):
        """Does it become true of a page that has come whole, within a minute? What goes meanwhile was of the page before."""
        def holds(driver):
            return driver.execute_script("return document.readyState") == "complete" and condition()
        try:
            return bool(WebDriverWait(self.driver, 60, ignored_exceptions=[StaleElementReferenceException]).until(holds))
        except Exception as error:
            return f"{type(error).__name__} at {self.driver.current_url}"

    def text(self, selector):
        found = self.driver.find_elements(By.CSS_SELECTOR, selector)
        return found[0].text if found else None

    def value(self, name):
        return self.driver.find_element(By.NAME, name).get_attribute("value")

    def shot(self, name):
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(f"{SHOTS}/{name}.png")

    def width(self):
        """How much wider than the window the page is."""
        return self.driver.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def contrasts(self):
        """The least contrast of text to what is behind it (WCAG 2.2, relative luminance)."""
        return self.driver.execute_script("""
            const rgb = color => color.match(/[\\d.]+/g).map(Number);
            const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
                .map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
                .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
            const behind = element => {
                const color = rgb(getComputedStyle(element).backgroundColor);
                return color[3] === 0 && element.parentElement ? behind(element.parentElement) : color;
            };
            const contrast = element => {
                const [a, b] = [rgb(getComputedStyle(element).color), behind(element)].map(light).sort((x, y) => y - x);
                return (a + .05) / (b + .05);
            };
            return Math.min(...[...document.querySelectorAll('h1,p,label,input,button,a')].map(contrast));
        """)


desk = help_desk()
process, HelpDesk.login = login_page(desk)
login = HelpDesk.login
driver = browser()
page = Page(driver)
try:
    # By keyboard alone.
    driver.get(f"{desk}/portal/tickets?id=7")
    expect("the help desk sends whoever has no cookie to the page", True, driver.current_url.startswith(login))
    expect("the title", "Log in", driver.title)
    expect("the user name has the focus", "user_name", page.focus())
    page.shot("light")
    expect("contrast in light is 4.5 or more", True, page.contrasts() >= 4.5)
    order = []
    for _ in range(3):
        page.type(Keys.TAB)
        order.append(page.focus())
    expect("the order of Tab", ["password", "keep", "button"], order)
    page.shot("focus")
    page.back(3)
    expect("back at the user name", "user_name", page.focus())
    page.type("ann", Keys.TAB, "wrong", Keys.ENTER)
    expect("a wrong password is told", True, page.until(lambda: page.text("[role=alert]") == "Wrong user name or password."))
    expect("the name is kept, the password is not", ("ann", ""), (page.value("user_name"), page.value("password")))
    expect("the password has the focus", "password", page.focus())
    described = driver.switch_to.active_element.get_attribute("aria-describedby")
    expect("the field is described by the message", "alert", driver.find_element(By.ID, described).get_attribute("role"))
    page.shot("error")
    expect("contrast of the error in light", True, page.contrasts() >= 4.5)
    page.type("hunter2", Keys.ENTER)
    expect("the right one leads back", True, page.until(lambda: driver.current_url == f"{desk}/portal/tickets?id=7"))
    expect("the help desk reads the cookie", True, page.until(lambda: '"ann"' in (page.text("pre") or "")))
    cookie = driver.get_cookie(".ASPXAUTH") or {}
    shown = {key: cookie.get(key) for key in ("domain", "path", "secure", "httpOnly", "sameSite", "expiry")}
    expected = {"domain": ".example.com", "path": "/", "secure": True, "httpOnly": True, "sameSite": "Lax", "expiry": None}
    expect("the cookie as the browser has it", expected, shown)

    # Logging out takes a click, or Enter.
    driver.get(f"{login}/logout")
    expect("it asks", "Do you want to log out?", page.text("p"))
    page.shot("logout")
    expect("and the cookie is there still", True, driver.get_cookie(".ASPXAUTH") is not None)
    page.type(Keys.ENTER)
    expect("it is done", True, page.until(lambda: page.text("[role=status]") == "You are logged out."))
    expect("the cookie is gone", None, driver.get_cookie(".ASPXAUTH"))
    page.shot("logged-out")
    page.type(Keys.TAB, Keys.ENTER)
    expect("the link leads to the form", True, page.until(lambda: driver.current_url == login))

    # Off the list.
    for given in ("https://evil.example/", "//evil.example/", "javascript:document.title='evil'"):
        driver.delete_all_cookies()
        driver.get(f"{login}?ReturnUrl={quote(given)}")
        page.type("ann", Keys.TAB, "hunter2", Keys.ENTER)
        expect(f"{given} is not gone to", True, page.until(lambda: driver.current_url == f"{desk}/portal/"))
        expect("but in", True, page.until(lambda: '"ann"' in (page.text("pre") or "")))

    # The box, with a click.
    driver.delete_all_cookies()
    driver.get(login)
    driver.find_element(By.NAME, "keep").find_element(By.XPATH, "..").click()
    page.back(2)
    page.type("ann", Keys.TAB, "hunter2", Keys.ENTER)
    expect("whoever stays logged in is back, too", True, page.until(lambda: driver.current_url == f"{desk}/portal/"))
    expect("the cookie outlives the browser", True, (driver.get_cookie(".ASPXAUTH") or {}).get("expiry") is not None)

    # Two tabs, and a form whose cookie is gone.
    driver.delete_all_cookies()
    driver.get(login)
    first = driver.current_window_handle
    driver.switch_to.new_window("tab")
    driver.get(f"{login}?ReturnUrl=/portal/second")
    page.type("ann", Keys.TAB, "hunter2", Keys.ENTER)
    expect("the second tab is in", True, page.until(lambda: driver.current_url == f"{desk}/portal/second"))
    driver.close()
    driver.switch_to.window(first)
    driver.find_element(By.NAME, "user_name").send_keys("ann", Keys.TAB)
    page.type("hunter2", Keys.ENTER)
    expect("and so is the first", True, page.until(lambda: driver.current_url == f"{desk}/portal/"))
    driver.get(login)
    driver.delete_all_cookies()
    page.type("ann", Keys.TAB, "hunter2", Keys.ENTER)
    expect("without its cookie a form comes again", True, page.until(lambda: (page.text("[role=alert]") or "").startswith("Please try again.")))
    expect("with the name", "ann", page.value("user_name"))
    page.type("hunter2", Keys.ENTER)
    expect("and then it is taken", True, page.until(lambda: driver.current_url == f"{desk}/portal/"))

    # Dark, narrow, and with large letters.
    driver.delete_all_cookies()
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    driver.get(login)
    page.shot("dark")
    expect("contrast in dark is 4.5 or more", True, page.contrasts() >= 4.5)
    page.type("ann", Keys.TAB, "wrong", Keys.ENTER)
    expect("a wrong password in the dark", True, page.until(lambda: page.text("[role=alert]") is not None))
    page.shot("dark-error")
    expect("contrast of the error in dark", True, page.contrasts() >= 4.5)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 320, "height": 640, "deviceScaleFactor": 2, "mobile": True})
    driver.get(login)
    page.shot("narrow")
    expect("320 pixels are wide enough", 0, page.width())
    refused = [entry["message"] for entry in driver.get_log("browser") if "Content Security Policy" in entry["message"]]
    expect("the browser refuses nothing of the page", [], refused)
finally:
    driver.quit()

# Letters of twice the size, at half the width.
driver = browser("--force-device-scale-factor=2", "--window-size=640,900")
page = Page(driver)
try:
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 320, "height": 640, "deviceScaleFactor": 2, "mobile": False})
    driver.get(login)
    driver.execute_script("document.documentElement.style.fontSize = '200%'")
    page.shot("large")
    expect("with letters of 200 % nothing is cut off", 0, page.width())
finally:
    driver.quit()
    process.terminate()
    process.wait()

log = (FOLDER / "serve.log").read_text()
expect("the log names the user", True, 'user="ann" outcome="logged-in"' in log)
expect("and no password", False, "hunter2" in log)
print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
sys.exit(not all(results))
