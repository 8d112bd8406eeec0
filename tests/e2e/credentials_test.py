"""Credentials that are found or made: token endpoints, STS and metadata services, each a fake on loopback."""

import base64
import json
import os
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import fake_provider as fake
from program import Gateway

VERTEX = '''
[providers.{name}]
kind = "vertex"
base_url = "{up}/projects/acme/locations/global"
retries = {{ max = 0 }}
'''
AZURE = '''
[providers.{name}]
kind = "azure"
endpoint = "{up}"
retries = {{ max = 0 }}
'''
AWS = '''
[providers.{name}]
kind = "bedrock"
region = "eu-west-1"
base_url = "{up}"
retries = {{ max = 0 }}
'''
CONVERSE = {"output": {"message": {"role": "assistant", "content": [{"text": "hi"}]}}, "stopReason": "end_turn",
            "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 1}}
GENERATED = {"candidates": [{"content": {"role": "model", "parts": [{"text": "hi"}]}, "finishReason": "STOP"}],
             "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}}


def answer(connection, seen):
    """Whatever a provider is asked, in the dialect of the path."""
    path = seen.line.split()[1]
    body = CONVERSE if "/converse" in path else GENERATED if ":generateContent" in path else json.loads(fake.chat("hi"))
    connection.sendall(fake.reply(json.dumps(body).encode()))


def form(seen):
    return dict(urllib.parse.parse_qsl(seen.body.decode()))


def says(body, status="200 OK"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda connection, _: connection.sendall(fake.reply(data, status=status))


def token(value, **more):
    return says({"access_token": value, "token_type": "Bearer", "expires_in": 3600, **more})


def sts(action, access="ASIAROLE"):
    return says(f"""<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>
  <Credentials><AccessKeyId>{access}</AccessKeyId><SecretAccessKey>role/secret+</SecretAccessKey>
  <SessionToken>role&amp;session==</SessionToken><Expiration>2126-01-01T00:00:00Z</Expiration></Credentials>
</{action}Result></{action}Response>""".encode())


class Case(unittest.TestCase):
    """A provider that answers everybody, an issuer that a test lets speak, and a folder for files."""

    def setUp(self):
        self.provider, self.issuer = fake.FakeProvider(answer), fake.FakeProvider(token("minted-token"))
        self.up = self.provider.url.removesuffix("/v1")
        self.at = self.issuer.url.removesuffix("/v1")
        self.folder = tempfile.mkdtemp(prefix="llmgw-test-")
        self.addCleanup(self.provider.close)
        self.addCleanup(self.issuer.close)

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(content if isinstance(content, str) else json.dumps(content, indent=2))
        return path

    def serve(self, config, **env):
        config = '[server]\ndrain = "1s"\n' + config.format(up=self.up, at=self.at, folder=self.folder, name="cloud")
        gateway = Gateway(config, args=["--loops", "1"], directory=self.folder, env=env)
        self.addCleanup(gateway.stop)
        return gateway

    def ask(self, gateway, model="cloud/gemini-2.5-flash"):
        return gateway.post("/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": "hi"}]})

    def authorization(self, gateway, model="cloud/gemini-2.5-flash"):
        """What a call that was answered carried."""
        status, _, body = self.ask(gateway, model)
        self.assertEqual(status, 200, body)
        return self.provider.seen[-1].headers["authorization"]

    def refusal(self, gateway, model="cloud/gemini-2.5-flash"):
        """The message of the attempt that had no credentials."""
        status, _, body = self.ask(gateway, model)
        self.assertGreaterEqual(status, 400)
        [attempt] = body["extra_fields"]["attempts"]
        self.assertEqual(attempt["class"], "auth", body)
        self.assertEqual(self.provider.seen, [])
        return attempt["message"]


class Google(Case):
    def service_account(self, uri):
        key = subprocess.run(["openssl", "genrsa", "2048"], check=True, capture_output=True, text=True).stdout
        return {"type": "service_account", "project_id": "acme", "private_key_id": "key-1", "private_key": key,
                "client_email": "gateway@acme.iam.gserviceaccount.com", "token_uri": uri}

    def verified(self, jwt, private_key):
        """Header and claims of a JWT whose signature openssl confirms."""
        text, signature = jwt.rsplit(".", 1)
        decode = lambda part: base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        private, signed = self.write("key.pem", private_key), os.path.join(self.folder, "signature")
        with open(signed, "wb") as file:
            file.write(decode(signature))
        public = os.path.join(self.folder, "public.pem")
        subprocess.run(["openssl", "rsa", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
        subprocess.run(["openssl", "dgst", "-sha256", "-verify", public, "-signature", signed], check=True,
                       capture_output=True, input=text.encode())
        return [json.loads(decode(part)) for part in text.split(".")]

    def test_a_service_accounts_file_buys_a_token_that_is_kept(self):
        account = self.service_account(self.at + "/token")
        self.write("account.json", account)
        gateway = self.serve(VERTEX + 'keys = [{{ name = "sa", value = "file:{folder}/account.json" }}]')
        for _ in range(3):
            self.assertEqual(self.authorization(gateway), "Bearer minted-token")
        [seen] = self.issuer.seen
        self.assertEqual(seen.line, "POST /token HTTP/1.1")
        self.assertEqual(seen.headers["content-type"], "application/x-www-form-urlencoded")
        sent = form(seen)
        self.assertEqual(sent["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer")
        header, claims = self.verified(sent["assertion"], account["private_key"])
        self.assertEqual(header, {"alg": "RS256", "typ": "JWT", "kid": "key-1"})
        self.assertEqual((claims["iss"], claims["aud"]), (account["client_email"], "https://oauth2.googleapis.com/token"))
        self.assertEqual(claims["scope"], "https://www.googleapis.com/auth/cloud-platform")
        self.assertEqual(claims["exp"] - claims["iat"], 3600)
        self.assertLess(abs(claims["iat"] - time.time()), 60)

    def test_a_refused_assertion_is_told_with_googles_words_and_no_key(self):
        account = self.service_account(self.at + "/token")
        self.write("account.json", account)
        self.issuer.say = lambda connection, seen: connection.sendall(fake.reply(json.dumps(
            {"error": "invalid_grant", "error_description": "Invalid JWT: " + form(seen)["assertion"]}).encode(),
            status="400 Bad Request"))
        gateway = self.serve(VERTEX + 'keys = [{{ name = "sa", value = "file:{folder}/account.json" }}]')
        message = self.refusal(gateway)
        self.assertIn("answered 400: invalid_grant: Invalid JWT: ***", message)
        self.assertIn("gateway@acme.iam.gserviceaccount.com", message)

    def test_a_token_endpoint_off_this_machine_is_asked_over_https_only(self):
        self.write("account.json", self.service_account("http://203.0.113.1/token"))
        gateway = self.serve(VERTEX + 'keys = [{{ name = "sa", value = "file:{folder}/account.json" }}]')
        self.assertIn("'203.0.113.1' is asked for credentials over https only", self.refusal(gateway))

    def test_a_token_that_the_provider_refused_is_bought_anew_and_none_is_shown(self):
        self.write("account.json", self.service_account(self.at + "/token"))
        counted = iter(range(1, 100))
        self.issuer.say = lambda connection, seen: token(f"minted-token-{next(counted)}")(connection, seen)
        gateway = self.serve(VERTEX + 'keys = [{{ name = "sa", value = "file:{folder}/account.json" }}]')
        self.provider.say = lambda connection, seen: connection.sendall(fake.reply(json.dumps({"error": {
            "code": 401, "status": "UNAUTHENTICATED", "message": "bad: " + seen.headers["authorization"]}}).encode(),
            status="401 Unauthorized", headers="x-echo: " + seen.headers["authorization"] + "\r\n"))
        status, headers, body = self.ask(gateway)
        self.assertEqual((status, headers["x-echo"]), (401, "Bearer ***"), body)
        self.assertIn("bad: Bearer ***", json.dumps(body))
        self.assertNotIn("minted-token", json.dumps(body) + str(headers))
        self.provider.say = answer
        # The only key: it rests for the refusal alone, and is called all the same.
        self.assertEqual(self.authorization(gateway), "Bearer minted-token-2")

    def test_application_default_credentials(self):
        user = {"type": "authorized_user", "client_id": "c.apps", "client_secret": "hush-hush", "refresh_token": "refresh-1",
                "token_uri": self.at + "/token", "quota_project_id": "billed"}
        named = self.write("adc.json", user)
        gateway = self.serve(VERTEX, GOOGLE_APPLICATION_CREDENTIALS=named)
        self.assertEqual(self.authorization(gateway), "Bearer minted-token")
        self.assertEqual(self.provider.seen[-1].headers["x-goog-user-project"], "billed")
        self.assertEqual(form(self.issuer.seen[0]), {"grant_type": "refresh_token", "client_id": "c.apps",
                                                     "client_secret": "hush-hush", "refresh_token": "refresh-1"})
        gateway.stop()
        self.write(".config/gcloud/application_default_credentials.json", {**user, "refresh_token": "refresh-2"})
        self.assertEqual(self.authorization(self.serve(VERTEX)), "Bearer minted-token")
        self.assertEqual(form(self.issuer.seen[1])["refresh_token"], "refresh-2")

    def test_the_metadata_server_is_asked_where_it_is_configured(self):
        gateway = self.serve(VERTEX, GCE_METADATA_HOST=self.at.removeprefix("http://"))
        self.assertEqual(self.authorization(gateway), "Bearer minted-token")
        [seen] = self.issuer.seen
        self.assertEqual(seen.line, "GET /computeMetadata/v1/instance/service-accounts/default/token HTTP/1.1")
        self.assertEqual(seen.headers["metadata-flavor"], "Google")
        gateway.stop()
        self.provider.forget()
        self.assertIn("gcloud auth application-default login", self.refusal(self.serve(VERTEX)))

    def test_workload_identity_exchanges_the_token_of_a_file_or_url_and_impersonates(self):
        self.write("subject.json", {"id_token": "subject-token"})
        external = {"type": "external_account", "audience": "//iam.googleapis.com/projects/1/pool",
                    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": self.at + "/sts",
                    "service_account_impersonation_url": self.at + "/v1/sa:generateAccessToken"}
        as_json = {"format": {"type": "json", "subject_token_field_name": "id_token"}}

        def say(connection, seen):
            path = seen.line.split()[1]
            body = ({"accessToken": "impersonated", "expireTime": "2126-01-01T00:00:00Z"} if "generate" in path else
                    {"id_token": "subject-token"} if path == "/subject" else {"access_token": "federated", "expires_in": 60})
            connection.sendall(fake.reply(json.dumps(body).encode()))
        self.issuer.say = say
        for source in ({"file": self.folder + "/subject.json"}, {"url": self.at + "/subject", "headers": {"X-A": "b"}}):
            self.issuer.forget()
            path = self.write("external.json", {**external, "credential_source": {**source, **as_json}})
            gateway = self.serve(VERTEX, GOOGLE_APPLICATION_CREDENTIALS=path)
            self.assertEqual(self.authorization(gateway), "Bearer impersonated")
            gateway.stop()
            exchange, impersonation = self.issuer.seen[-2:]
            self.assertEqual(form(exchange)["subject_token"], "subject-token")
            self.assertEqual(form(exchange)["grant_type"], "urn:ietf:params:oauth:grant-type:token-exchange")
            self.assertEqual(impersonation.headers["authorization"], "Bearer federated")
            self.assertEqual(impersonation.json()["scope"], ["https://www.googleapis.com/auth/cloud-platform"])
        self.assertEqual(self.issuer.seen[0].headers["x-a"], "b")

    def test_project_and_location_come_from_the_environment_and_the_file(self):
        config = '[providers.cloud]\nkind = "vertex"\n[[providers.cloud.keys]]\nname = "sa"\nvalue = "file:{folder}/account.json"\n'
        account = self.service_account("http://127.0.0.1:9/token")
        self.write("account.json", account)
        self.serve(config, GOOGLE_CLOUD_LOCATION="global")
        del account["project_id"]
        self.write("account.json", account)
        with self.assertRaisesRegex(AssertionError, "line 3.*vertex needs project"):
            self.serve(config, GOOGLE_CLOUD_LOCATION="europe-west1")


class Azure(Case):
    MODEL = "cloud/gpt-4o"
    KEY = '''[[providers.cloud.keys]]
name = "app"
tenant_id = "tenant-1"
client_id = "client-1"
client_secret = "hush-hush"
authority = "{at}"
'''

    def test_an_application_of_entras_gets_a_token_by_its_secret(self):
        gateway = self.serve(AZURE + self.KEY)
        for _ in range(2):
            self.assertEqual(self.authorization(gateway, self.MODEL), "Bearer minted-token")
        self.assertNotIn("api-key", self.provider.seen[-1].headers)
        [seen] = self.issuer.seen
        self.assertEqual(seen.line, "POST /tenant-1/oauth2/v2.0/token HTTP/1.1")
        self.assertEqual(form(seen), {"grant_type": "client_credentials", "client_id": "client-1", "client_secret": "hush-hush",
                                      "scope": "https://cognitiveservices.azure.com/.default"})

    def test_what_entra_refuses_is_told_without_the_secret_and_falls_back(self):
        self.issuer.say = says({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret hush-hush."},
                               "401 Unauthorized")
        gateway = self.serve(AZURE + self.KEY + "\n[mock]\nenabled = true\n")
        message = self.refusal(gateway, self.MODEL)
        self.assertIn("Microsoft Entra answered 401: invalid_client: AADSTS7000215: Invalid client secret ***", message)
        self.assertIn("see tenant_id, client_id and client_secret", message)
        status, headers, _ = gateway.post("/v1/chat/completions", {
            "model": self.MODEL, "fallbacks": ["mock/echo"], "messages": [{"role": "user", "content": "hi"}]})
        self.assertEqual((status, headers["x-llmgw-provider"]), (200, "mock"))

    def test_what_the_environment_has(self):
        app = {"AZURE_TENANT_ID": "tenant-2", "AZURE_CLIENT_ID": "client-2", "AZURE_AUTHORITY_HOST": self.at}
        workload = self.write("federated", "pods-own-token\n")
        cases = {
            "a secret": ({**app, "AZURE_CLIENT_SECRET": "hush-2"}, "POST /tenant-2/oauth2/v2.0/token", {"client_secret": "hush-2"}),
            "a workload": ({**app, "AZURE_FEDERATED_TOKEN_FILE": workload}, "POST /tenant-2/oauth2/v2.0/token", {
                "client_assertion": "pods-own-token",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}),
            "App Service": ({"IDENTITY_ENDPOINT": self.at + "/msi", "IDENTITY_HEADER": "h-1"},
                            "GET /msi?api-version=2019-08-01&resource=https%3A%2F%2Fcognitiveservices.azure.com", {}),
            "the machine": ({"AZURE_POD_IDENTITY_AUTHORITY_HOST": self.at},
                            "GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource="
                            "https%3A%2F%2Fcognitiveservices.azure.com", {}),
        }
        for name, (env, line, fields) in cases.items():
            with self.subTest(name):
                self.issuer.forget()
                self.issuer.say = token("minted-token", expires_on=str(int(time.time()) + 3600))
                metadata = "metadata = true\n" if name == "the machine" else ""
                gateway = self.serve(AZURE + metadata, **env)
                self.assertEqual(self.authorization(gateway, self.MODEL), "Bearer minted-token")
                gateway.stop()
                [seen] = self.issuer.seen
                self.assertEqual(seen.line, line + " HTTP/1.1")
                self.assertLessEqual(fields.items(), form(seen).items())
        self.assertEqual(self.issuer.seen[0].headers["metadata"], "true")


class Aws(Case):
    MODEL = "cloud/anthropic.claude-x"
    ROLE = "arn:aws:iam::123456789012:role/gateway"

    def signed_by(self, gateway):
        return self.authorization(gateway, self.MODEL).split("Credential=")[1].split("/")[0]

    def test_a_role_is_assumed_with_the_keys_of_the_config(self):
        self.issuer.say = sts("AssumeRole")
        gateway = self.serve(AWS + f'''[[providers.cloud.keys]]
name = "role"
access_key = "AKIDOWN"
secret_key = "own-secret"
role_arn = "{self.ROLE}"
external_id = "ext-1"
''', AWS_ENDPOINT_URL_STS=self.at)
        for _ in range(2):
            self.assertEqual(self.signed_by(gateway), "ASIAROLE")
        self.assertEqual(self.provider.seen[-1].headers["x-amz-security-token"], "role&session==")
        [seen] = self.issuer.seen
        self.assertEqual(seen.line, "POST / HTTP/1.1")
        self.assertEqual(form(seen), {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": self.ROLE,
                                      "RoleSessionName": "llmgw", "ExternalId": "ext-1"})
        self.assertIn("Credential=AKIDOWN/", seen.headers["authorization"])
        self.assertIn("/eu-west-1/sts/aws4_request", seen.headers["authorization"])

    def test_what_profiles_say(self):
        self.write(".aws/credentials", "[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = s\n")
        token_file = self.write("web-identity", "web-token\n")
        self.write("process", '#!/bin/sh\necho \'{"Version": 1, "AccessKeyId": "ASIAPROCESS", "SecretAccessKey": "s"}\'\n')
        os.chmod(self.folder + "/process", 0o700)
        self.write(".aws/config", f"""
[profile role]
role_arn = {self.ROLE}
source_profile = base
role_session_name = me
duration_seconds = 900
[profile chained]
role_arn = {self.ROLE}2
source_profile = role
[profile sourced]
role_arn = {self.ROLE}
credential_source = EcsContainer
[profile web]
role_arn = {self.ROLE}
web_identity_token_file = {token_file}
[profile process]
credential_process = "{self.folder}/process" --quiet
[profile circle]
role_arn = {self.ROLE}
source_profile = circle2
[profile circle2]
role_arn = {self.ROLE}
source_profile = circle
[profile mfa]
role_arn = {self.ROLE}
source_profile = base
mfa_serial = arn:x
""")

        def say(connection, seen):
            if seen.line.startswith("GET /container"):
                return says({"AccessKeyId": "ASIACONTAINER", "SecretAccessKey": "s", "Token": "t",
                             "Expiration": "2126-01-01T00:00:00Z"})(connection, seen)
            sts(form(seen)["Action"], "ASIACHAINED" if form(seen)["RoleArn"].endswith("2") else "ASIAROLE")(connection, seen)
        self.issuer.say = say
        env = {"AWS_ENDPOINT_URL_STS": self.at, "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.at + "/container"}
        signers = {"role": ("ASIAROLE", ["AKIDBASE"]), "chained": ("ASIACHAINED", ["AKIDBASE", "ASIAROLE"]),
                   "sourced": ("ASIAROLE", [None, "ASIACONTAINER"]), "web": ("ASIAROLE", [None]),
                   "process": ("ASIAPROCESS", []), "base": ("AKIDBASE", [])}
        for name, (signer, askers) in signers.items():
            with self.subTest(name):
                self.issuer.forget()
                gateway = self.serve(AWS, AWS_PROFILE=name, **env)
                self.assertEqual(self.signed_by(gateway), signer)
                gateway.stop()
                asked = [s.headers.get("authorization") for s in self.issuer.seen]
                self.assertEqual([a and a.split("Credential=")[1].split("/")[0] for a in asked], askers)
                if name == "role":
                    self.assertLessEqual({"RoleSessionName": "me", "DurationSeconds": "900"}.items(),
                                         form(self.issuer.seen[0]).items())
                if name == "web":
                    self.assertEqual(form(self.issuer.seen[0])["WebIdentityToken"], "web-token")
        # The same by the config's word.
        gateway = self.serve(AWS + 'keys = [{{ name = "p", profile = "process" }}]', AWS_ACCESS_KEY_ID="AKIDENV",
                             AWS_SECRET_ACCESS_KEY="s")
        self.assertEqual(self.signed_by(gateway), "ASIAPROCESS")
        gateway.stop()
        for name, words in {"circle": "leads back to it", "mfa": "mfa_serial", "none": "names 'none', which has no keys"}.items():
            with self.subTest(name):
                self.provider.forget()
                gateway = self.serve(AWS, AWS_PROFILE=name, **env)
                self.assertIn(words, self.refusal(gateway, self.MODEL))
                gateway.stop()

    def test_a_web_identity_of_the_environment_and_what_sts_refuses(self):
        token_file = self.write("web-identity", "web-token-1")
        env = {"AWS_ENDPOINT_URL_STS": self.at, "AWS_WEB_IDENTITY_TOKEN_FILE": token_file, "AWS_ROLE_ARN": self.ROLE}
        self.issuer.say = sts("AssumeRoleWithWebIdentity")
        gateway = self.serve(AWS, **env)
        self.assertEqual(self.signed_by(gateway), "ASIAROLE")
        gateway.stop()
        self.provider.forget()
        self.issuer.say = says(b"<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code>"
                               b"<Message>No &lt;provider&gt; for web-token-1</Message></Error></ErrorResponse>", "400 Bad Request")
        message = self.refusal(self.serve(AWS, **env), self.MODEL)
        self.assertIn("InvalidIdentityToken: No <provider> for ***", message)
        self.assertIn(self.ROLE, message)

    def test_an_sso_session_buys_the_roles_credentials(self):
        import hashlib
        self.write(".aws/config", "[default]\nsso_session = corp\nsso_account_id = 123\nsso_role_name = dev\n"
                                  "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp\n")
        self.write(".aws/sso/cache/" + hashlib.sha1(b"corp").hexdigest() + ".json",
                   {"accessToken": "sso-token", "expiresAt": "2126-01-01T00:00:00Z"})
        self.issuer.say = says({"roleCredentials": {"accessKeyId": "ASIASSO", "secretAccessKey": "s", "sessionToken": "t",
                                                    "expiration": (int(time.time()) + 3600) * 1000}})
        self.assertEqual(self.signed_by(self.serve(AWS, AWS_ENDPOINT_URL_SSO=self.at)), "ASIASSO")
        self.assertEqual(self.issuer.seen[0].line, "GET /federation/credentials?role_name=dev&account_id=123 HTTP/1.1")
        self.assertEqual(self.issuer.seen[0].headers["x-amz-sso_bearer_token"], "sso-token")

    def test_the_instance_is_asked_where_it_may_be_and_a_session_that_ended_early_is_renewed(self):
        sessions = iter(["ended-session", "new-session"])

        def say(connection, seen):
            method, path, _ = seen.line.split()
            if method == "PUT":
                return says(b"imds-token")(connection, seen)
            if path.endswith("/security-credentials/"):
                return says(b"the-role\n")(connection, seen)
            says({"AccessKeyId": "ASIAINSTANCE", "SecretAccessKey": "s", "Token": next(sessions),
                  "Expiration": "2126-01-01T00:00:00Z"})(connection, seen)
        self.issuer.say = say
        gateway = self.serve(AWS + "metadata = true\n", AWS_EC2_METADATA_SERVICE_ENDPOINT=self.at + "/")
        self.provider.say = lambda connection, seen: connection.sendall(fake.reply(json.dumps(
            {"message": "The security token included in the request is expired"}).encode(), status="403 Forbidden",
            headers="x-amzn-errortype: ExpiredTokenException\r\n"))
        status, _, body = self.ask(gateway, self.MODEL)
        self.assertEqual((status, body["extra_fields"]["attempts"][0]["class"]), (403, "auth"), body)
        self.assertEqual(self.provider.seen[-1].headers["x-amz-security-token"], "ended-session")
        self.provider.say = answer
        self.assertEqual(self.signed_by(gateway), "ASIAINSTANCE")
        self.assertEqual(self.provider.seen[-1].headers["x-amz-security-token"], "new-session")
        lines = [s.line for s in self.issuer.seen[:3]]
        self.assertEqual(lines, ["PUT /latest/api/token HTTP/1.1", "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1",
                                 "GET /latest/meta-data/iam/security-credentials/the-role HTTP/1.1"])
        self.assertEqual(self.issuer.seen[2].headers["x-aws-ec2-metadata-token"], "imds-token")

    def test_what_was_found_is_never_shown(self):
        self.issuer.say = says({"AccessKeyId": "ASIACONTAINER", "SecretAccessKey": "container-secret",
                                "Token": "container-token", "Expiration": "2126-01-01T00:00:00Z"})
        gateway = self.serve(AWS, AWS_CONTAINER_CREDENTIALS_FULL_URI=self.at + "/c")
        self.provider.say = lambda connection, seen: connection.sendall(fake.reply(json.dumps(
            {"message": "no: " + seen.headers["x-amz-security-token"] + " container-secret " +
             seen.headers["authorization"]}).encode(), status="403 Forbidden"))
        status, _, body = self.ask(gateway, self.MODEL)
        self.assertEqual(status, 403)
        for secret in ("container-token", "container-secret", "ASIACONTAINER"):
            self.assertNotIn(secret, json.dumps(body))
        self.assertIn("no: *** ***", json.dumps(body))


if __name__ == "__main__":
    unittest.main()
