"""Secrets in the shapes that people and tools write them: none survives; what only looks like one stays."""

from __future__ import annotations

import json

import pytest

from penstock.redaction.redaction import redact

# Made up, and put together here so that no scanner takes this file for a leak.
WORD = "hunter2" + "Hunter!9"
MIXED = "9fK2xQ7" + "vLm3ZtR8wB1"
LONG = "q7Wz" + "R4tY9uI2oP5aS8dF1gH6jK3lZ0xC7vB4nM"
HEX = "5d41402abc4b2a76" + "b9719d911017c592"
BASE64 = "YWxpY2U6aHVu" + "dGVyMmh1bnRlcg=="

NAMES = (
    "password",
    "passwd",
    "passphrase",
    "Passwort",
    "db_password",
    "DB_PASS",
    "user-password",
    "pwd",
    "secret",
    "client_secret",
    "api_key",
    "apiKey",
    "x-api-key",
    "auth_key",
    "AUTH_KEY",
    "access_token",
    "AWS_SESSION_TOKEN",
    "aws_secret_access_key",
    "TOKEN",
    "token",
    "bot_token",
    "azure_pat",
    "psk",
    "private_key",
    "signing_key",
    "SECRET_KEY_BASE",
    "refresh_token",
    "accountKey",
    "_authToken",
    "session_secret",
)
FORMS = {
    "JSON": '{{"{name}": "{secret}", "port": 80}}',
    "escaped JSON": '{{\\"{name}\\": \\"{secret}\\", \\"port\\": 80}}',
    "twice escaped JSON": '"{{\\\\\\"{name}\\\\\\": \\\\\\"{secret}\\\\\\"}}"',
    "YAML": "db:\n  {name}: {secret}\n  port: 80\n",
    "quoted YAML": "{name}: '{secret}'\n",
    "settings": "{name}={secret}\n",
    "quoted settings": 'export {name}="{secret}"\n',
    "TOML": '{name} = "{secret}"\n',
    "Python": "connect({name}='{secret}', port=80)",
    "Ruby": "{{ :{name} => '{secret}' }}",
    "Go": '{name} := "{secret}"',
    "index": "config['{name}'] = '{secret}'",
    "flag": "tool --{name}={secret} --verbose",
    "flag and blank": "tool --{name} {secret} --verbose",
    "XML": "<{name}>{secret}</{name}>",
    "query": "https://example.org/a?b=1&{name}={secret}&c=2",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_value_behind_a_telling_name_is_taken_out_in_every_notation(form: str) -> None:
    """Whatever the file is, and however often its quotes were escaped; the name stays."""
    for name in NAMES:
        said = redact(FORMS[form].format(name=name, secret=MIXED))
        assert MIXED not in said, name
        assert "[redacted " in said, name
        assert name in said


SHAPES = {
    "a session token of AWS": f"AWS_SESSION_TOKEN={LONG}",
    "a token in capitals, letters alone": "TOKEN=abcdefghijkl",
    "a token with a colon": f"token: {MIXED}",
    "a token as an option": "deploy --token=abcdefgh now",
    "a token as an option, with a blank": f"deploy --token {MIXED} now",
    "an auth key": f"AUTH_KEY={MIXED}",
    "an Azure token": f"azure_pat={LONG}",
    "a pre-shared key": f"psk={WORD}",
    "a pre-shared key, quoted": f'psk="{WORD}"',
    "a passphrase": f"passphrase: {WORD}",
    "a passphrase of words": 'passphrase: "correct horse battery staple"',
    "Passwort": f"Passwort: {WORD}",
    "Das Passwort lautet": f"Das Passwort lautet {WORD}.",
    "Das Kennwort ist": f"Das Kennwort für den Server ist {WORD}",
    "Mein Passwort ist": f"Mein Passwort ist jetzt {WORD}",
    "API-Schlüssel": f"Der API-Schlüssel lautet {MIXED}.",
    "Zugangstoken": f"Zugangstoken: {MIXED}",
    "my password is": f"my password is {WORD}",
    "my password is, a plain word": "btw my password is swordfish.",
    "my password is, in quotes": 'my password is "swordfish" ok',
    "the password for": f"the password for the staging db is {WORD}, keep it",
    "the api key is": f"the api key is {MIXED}",
    "the API key is now": f"The API key is now `{MIXED}`.",
    "the token is": f"use it, the token is {MIXED}.",
    "the passphrase was": f"the passphrase was {WORD}",
    "Redis without a user": f"redis://:{WORD.replace('!', '')}@cache:6379/0",
    "Postgres": f"postgresql+asyncpg://app:{MIXED}@db.internal:5432/shop",
    "Mongo": f"mongodb+srv://app:{MIXED}@cluster0.example.net/db",
    "AMQP": f"amqps://app:{MIXED}@mq/vhost",
    "a token as a user": f"https://{LONG}@github.example/acme/shop.git",
    "a user and a token": f"https://x-access-token:{LONG}@github.example/acme/shop.git",
    ".pgpass": f"db.example.org:5432:shop:app:{MIXED}",
    ".pgpass with stars": f"*:*:*:app:{MIXED}",
    ".netrc": f"machine example.org login ada password {MIXED}",
    ".netrc on lines": f"machine example.org\n  login ada\n  password {MIXED}\n",
    ".npmrc": f"//registry.npmjs.org/:_authToken={MIXED}",
    ".npmrc with a password": f"//registry.example/:_password={BASE64}",
    ".pypirc": f"[pypi]\nusername = __token__\npassword = {MIXED}\n",
    ".my.cnf": f"[client]\nuser=root\npassword={MIXED}\n",
    "Docker's auth": f'{{"auths": {{"ghcr.io": {{"auth": "{BASE64}"}}}}}}',
    "a webhook's secret": "whsec_" + MIXED * 2,
    "sshpass": f"sshpass -p {WORD} ssh root@host",
    "sshpass, quoted": f"sshpass -p '{WORD}' ssh root@host",
    "sshpass, joined": f"sshpass -p{WORD} ssh root@host",
    "a key in a query": f"https://maps.example/api?key={MIXED}&q=a",
    "a token in a query": f"https://a.example/feed?private_token={MIXED}",
    "a code in a query": f"https://a.example/callback?code={LONG}&state=1",
    "a token in a fragment": f"https://a.example/cb#access_token={LONG}",
    "a signature in a query": f"https://x.blob.example/c?sv=2024&sig={LONG}",
    "AWS' signature": f"https://b.s3.example/k?X-Amz-Signature={HEX}&a=1",
    "XML": f"<password>{WORD}</password>",
    "XML with attributes": f'<apiKey type="x">{MIXED}</apiKey>',
    "XML settings": f'<add key="DbPassword" value="{MIXED}"/>',
    "Maven": f"<server><id>a</id><password>{MIXED}</password></server>",
    "IDENTIFIED BY": f"CREATE USER 'a'@'%' IDENTIFIED BY '{WORD}';",
    "identified with": f"alter user a identified with caching_sha2_password by '{WORD}'",
    "ALTER ROLE": f"ALTER ROLE app WITH PASSWORD '{WORD}';",
    "escaped JSON": '{\\"password\\": \\"' + WORD + '\\"}',
    "piped base64": f"echo {BASE64} | base64 -d",
    "piped base64, quoted": f"echo -n '{BASE64}' | base64 --decode | jq .",
    "base64 from a here-string": f"base64 -d <<< {BASE64}",
    "base64 made": "echo -n swordfish99 | base64",
    "curl with a user": f"curl -u ada:{MIXED} https://x",
    "curl with --user": f"curl --user 'ada:{MIXED}' https://x",
    "curl with a header": f"curl -H 'X-Api-Key: {MIXED}' https://x",
    "curl with a private token": f'curl --header "PRIVATE-TOKEN: {MIXED}" https://x',
    "curl with a token": f'curl -H "Authorization: token {MIXED}" https://x',
    "curl with a bearer": f'curl -H "Authorization: Bearer {MIXED}" https://x',
    "basic": f"Authorization: Basic {BASE64}",
    "an authorization without a scheme": f"authorization: {LONG}",
    "an authorization in JSON": f'{{"Authorization": "ApiKey {MIXED}"}}',
    "a cookie": f"Cookie: session={MIXED}; a=b",
    "a cookie in JSON": f'{{"cookie": "session={MIXED}"}}',
    "mysql": f"mysql -u root -p{MIXED} shop",
    "redis-cli": f"redis-cli -h cache -a {MIXED} ping",
    "docker login": f"docker login -u ada -p {MIXED} ghcr.io",
    "a password on stdin": f"echo {MIXED} | docker login -u ada --password-stdin",
    "sudo -S": f"echo {WORD} | sudo -S apt update",
    "chpasswd": f"echo 'ada:{WORD}' | chpasswd",
    "htpasswd": f"htpasswd -cb .htpasswd ada {WORD}",
    "ldapsearch": f"ldapsearch -D cn=admin -w {WORD} -b dc=x",
    "PGPASSWORD": f"PGPASSWORD={WORD} psql -h db",
    "openssl": f"openssl rsa -passin pass:{WORD} -in k.pem",
    "keytool": f"keytool -list -storepass {WORD}",
    "a connection string": f"Server=db;User Id=sa;Password={MIXED};Encrypt=true",
    "a connection string with Pwd": f"Driver=x;Uid=sa;Pwd={MIXED};",
    "a storage account": f"AccountName=a;AccountKey={LONG}==;EndpointSuffix=x",
    "a shared access key": f"SharedAccessKeyName=Root;SharedAccessKey={LONG}=",
    "Kubernetes in YAML": f"env:\n  - name: DB_PASSWORD\n    value: {MIXED}\n",
    "Kubernetes in JSON": f'{{"name": "DB_PASSWORD", "value": "{MIXED}"}}',
    "Docker's environment": f"docker run -e MYSQL_ROOT_PASSWORD={MIXED} mysql",
    "Compose": f"environment:\n  - POSTGRES_PASSWORD={MIXED}\n",
    "Terraform": f'variable "db_password" {{\n  default = "x"\n}}\ndb_password = "{MIXED}"',
    "Properties": f"spring.datasource.password={MIXED}",
    "PHP": f"define('DB_PASSWORD', '{MIXED}');",
    "a PHP array": f"'secret' => env('X', ''), 'api_key' => '{MIXED}'",
    "JavaScript": f"const apiKey = '{MIXED}';",
    "TypeScript": f"const token: string = '{MIXED}';",
    "Java": f'private static final String SECRET = "{MIXED}";',
    "C#": f'var password = "{WORD}";',
    "Python's bytes": f'SECRET_KEY = b"{MIXED}"',
    "a shell's here-document": f"cat <<E\nAPI_TOKEN={MIXED}\nE",
    "a key of Django": f"SECRET_KEY = 'django-insecure-{LONG}'",
    "Rails": f"secret_key_base: {HEX}{HEX}",
    "an encryption key": f"ENCRYPTION_KEY={HEX}",
    "a key in hexadecimal": f"PRIVATE_KEY=0x{HEX}{HEX}",
    "a UUID as a key": "api_key: 123e4567-e89b-42d3-a456-426614174000",
    "a mnemonic": "mnemonic: legal winner thank year wave sausage worth useful legal winner thank yellow",
    "/etc/shadow": f"root:$6$saltsalt${LONG}{LONG}:19000:0:99999:7:::",
    "bcrypt": "$2b$12$" + "R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
    "a PGP key": "-----BEGIN PGP PRIVATE " + f"KEY BLOCK-----\n{LONG}\n-----END PGP PRIVATE " + "KEY BLOCK-----",
    "an OpenSSH key, escaped": "-----BEGIN OPENSSH PRIVATE "
    + f"KEY-----\\n{LONG}\\n-----END OPENSSH PRIVATE "
    + "KEY-----",
    "otpauth": f"otpauth://totp/a?secret={LONG.upper()}&issuer=b",
    "a long key": f"key = {LONG}",
}


def _secrets() -> tuple[str, ...]:
    return (
        WORD,
        WORD.replace("!", ""),
        MIXED,
        LONG,
        LONG.upper(),
        HEX,
        BASE64,
        "abcdefgh",
        "swordfish",
        "horse battery",
        "legal winner",
    )


def test_a_secret_in_a_known_shape_is_taken_out() -> None:
    """No part of it survives, and something says that it was there."""
    for shape, text in SHAPES.items():
        said = redact(text)
        assert not [secret for secret in (*_secrets(), "123e4567", "R9h/cIPz") if secret in said], shape
        assert "[redacted " in said, shape


def test_it_is_taken_out_of_a_string_in_json() -> None:
    """A tool's input and a transcript hold texts with their quotes and newlines escaped."""
    for shape, text in SHAPES.items():
        said = redact(json.dumps({"command": text}))
        assert not [secret for secret in (WORD, MIXED, LONG, HEX, BASE64) if secret in said], shape


def test_what_was_redacted_is_not_redacted_again() -> None:
    """A text may be cleaned where it comes in and where it goes out."""
    for shape, text in SHAPES.items():
        once = redact(text)
        assert redact(once) == once, shape


ISSUED = {
    "Shopify": "shpat_" + HEX,
    "Docker Hub": "dckr_pat_" + LONG,
    "Databricks": "dapi" + HEX,
    "Atlassian": "ATATT3" + LONG,
    "Grafana": "glsa_" + LONG,
    "New Relic": "NRAK-" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ1",
    "Sentry": "sntrys_" + LONG,
    "Notion": "ntn_" + LONG + "abcd",
    "Linear": "lin_api_" + LONG,
    "Figma": "figd_" + LONG,
    "Postman": "PMAK-" + HEX[:24] + "-" + HEX + "ab",
    "Supabase": "sb_secret_" + LONG,
    "Doppler": "dp.pt." + LONG + "abcdef",
    "Pulumi": "pul-" + HEX + "01234567",
    "xAI": "xai-" + LONG,
    "OpenRouter": "sk-or-v1-" + HEX,
    "Perplexity": "pplx-" + LONG,
    "NVIDIA": "nvapi-" + LONG,
    "Replicate": "r8_" + LONG,
    "a client's secret of Google": "GOCSPX-" + LONG[:28],
    "a refresh token of Google": "1//0" + LONG,
    "Slack's app": "xapp-1-A0123-" + LONG,
    "GitLab's deploy token": "gldt-" + MIXED + "abcd",
    "Mailgun": "key-" + HEX,
    "Mailchimp": HEX + "-us12",
    "Terraform": "abcdefghijklmn.atlasv1." + LONG + LONG,
    "Square": "sq0atp-" + LONG[:22],
    "Airtable": "pat" + "abcdefghijklmn." + HEX + HEX,
    "Alibaba": "LTAI" + "5tABCDEFGHijklmn",
    "Azure DevOps": "a" * 76 + "AZDO" + "1234",
}


@pytest.mark.parametrize("issuer", ISSUED)
def test_a_credential_is_known_by_its_prefix(issuer: str) -> None:
    """Wherever it stands, with no name before it."""
    for around in ("{}", "it is {} now", '{{"x":"{}"}}', "({})", "/{}/", "a\n{}\nb"):
        said = redact(around.format(ISSUED[issuer]))
        assert ISSUED[issuer] not in said
        assert "[redacted " in said, around


@pytest.mark.parametrize(
    "text",
    [
        "commit 9f8d3c1e2b4a5f60718293a4b5c6d7e8f9012345",
        "index 3f2a1bc..9d8e7f6 100644",
        "id: 123e4567-e89b-42d3-a456-426614174000",
        "session_id = 8c1f77aa",
        "token = next(tokens)",
        "token = self._tokens.pop()",
        "password_field = forms.CharField()",
        "password = forms.CharField(widget=forms.PasswordInput)",
        "password: str",
        "password: Optional[str] = None",
        "def login(user: str, password: str) -> Token:",
        "connect(user=user, password=password)",
        "client = Client(api_key=settings.API_KEY)",
        "api_key=os.environ['OPENAI_API_KEY']",
        'api_key = os.getenv("OPENAI_API_KEY")',
        "const token = await getToken();",
        "const { token } = req.body;",
        "if token == other_token:",
        "process.env.SECRET_KEY",
        "password: ${DB_PASSWORD}",
        "password: $DB_PASSWORD",
        "password: {{ db_password }}",
        "token: ${{ secrets.GITHUB_TOKEN }}",
        "secrets: inherit",
        "password: <your password>",
        "PASSWORD=********",
        "password: required",
        "the password is wrong",
        "your password is incorrect, try again",
        "the password is required for that",
        "Das Passwort ist falsch.",
        "the token is expired",
        "the secret is to keep it simple",
        "the key is patience",
        "tokens: 1200",
        "max_tokens=4096",
        "max_tokens: 128000",
        "input_tokens: 12345678",
        "total tokens = 1234",
        "token_count: 12345",
        "secretName: tls-certificate",
        "private_key_path: /etc/ssl/key.pem",
        "secret_name = my-secret",
        "key: value",
        "primary key: order_id",
        "cache-key: linux-node-modules-v2",
        "keyboard: qwertz-2024-de",
        "the secretary: Ada Lovelace",
        "passing: 12 tests",
        "author: Ada Lovelace",
        "bypass = true",
        "compass: north123north",
        "hash: sha256:9f8d3c1e2b4a5f60718293a4b5c6d7e8f90123459f8d3c1e2b4a5f6071829304",
        "integrity sha512-9fK2xQ7vLm3ZtR8wB1==",
        "http://localhost:8080/a@b",
        "git@github.com:acme/shop.git",
        "https://example.org/search?q=hunter2hunter2&page=2",
        "https://example.org/item?code=404",
        "src/app.py:5432:def f(a): return a",
        "12:34:56:78:90",
        "echo done | base64",
        "echo $PASSWORD | base64",
        "curl -u $USER:$PASS https://x",
        "--token-budget 4000",
        "docker run -p 8080:80 nginx",
        "ssh -p 2222 root@host",
        "mkdir -p build/output",
        "Authorization: Bearer $TOKEN",
        "Authorization header missing",
        "the Authorization: header is required",
    ],
)
def test_code_hashes_and_prose_stay(text: str) -> None:
    """A reader needs them, and a memory without them is worth less."""
    assert redact(text) == text
