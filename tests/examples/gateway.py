# python3 gateway.py URL TOKEN-FILE USER, the password on standard input
import json, sys, urllib.error, urllib.request

url, token_file, user = sys.argv[1:]
token = open(token_file).readline().strip()
login = {"loginUsername": user, "loginPassword": sys.stdin.readline().rstrip("\n")}
request = urllib.request.Request(
    f"{url}/v1/Authenticate",
    json.dumps(login).encode(),
    {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
)
try:
    answer = json.load(urllib.request.urlopen(request, timeout=120))
except urllib.error.HTTPError as error:
    problem = json.load(error)
    sys.exit(f"{problem['title']}: {problem['detail']}")
if answer["outcome"] == "authenticated":
    print(f"welcome, {answer['user']['displayName']} ({answer['user']['role']})")
else:
    print(f"{answer['outcome']}: {answer['message']}")
