"""Our credentials beside those of the vendors' own libraries: the same fake endpoints, the same requests."""

import datetime
import json
import os
import subprocess
import sys
import unittest
import urllib.parse
import warnings
from pathlib import Path
from unittest import mock as patching

import azure.identity
import botocore.session
import google.auth.jwt
import google.auth.transport.requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.validate import ParamValidator
from google.auth import identity_pool, load_credentials_from_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "e2e"))
import fake_provider as fake  # noqa: E402
from credentials_test import AWS, AZURE, VERTEX, Case, form, sts  # noqa: E402

AUDIENCE = "https://oauth2.googleapis.com/token"  # of every assertion, wherever it is sent
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class GoogleAuth(Case):
    def theirs(self, path):
        """What google-auth sends for the same file, last of all."""
        self.issuer.forget()
        info = json.loads(Path(path).read_text())
        if info["type"] == "external_account":  # load_credentials_from_file would look the project up at Google's
            credentials = identity_pool.Credentials.from_info(info, scopes=[SCOPE])
        else:
            with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
                credentials, _ = load_credentials_from_file(path, scopes=[SCOPE])
        credentials.refresh(google.auth.transport.requests.Request())
        return self.issuer.seen

    def ours(self, path):
        self.issuer.forget()
        gateway = self.serve(VERTEX, GOOGLE_APPLICATION_CREDENTIALS=path)
        self.assertEqual(self.authorization(gateway), "Bearer minted-token")
        gateway.stop()
        return self.issuer.seen

    def test_a_service_accounts_jwt_is_one_that_google_auth_accepts_and_makes(self):
        key = os.path.join(self.folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=sa", "-keyout", key,
                        "-out", key + ".crt", "-days", "2"], check=True, capture_output=True)
        path = self.write("account.json", {
            "type": "service_account", "project_id": "acme", "private_key_id": "key-1", "private_key": Path(key).read_text(),
            "client_email": "gateway@acme.iam.gserviceaccount.com", "token_uri": self.at + "/token"})
        certificate = Path(key + ".crt").read_bytes()
        ours, theirs = form(self.ours(path)[0]), form(self.theirs(path)[0])
        claims = [google.auth.jwt.decode(sent.pop("assertion"), certs=certificate, audience=AUDIENCE)
                  for sent in (ours, theirs)]
        self.assertEqual(ours, theirs)
        for one in claims:
            self.assertEqual(one.pop("exp") - one.pop("iat"), 3600)
        self.assertEqual(claims[0], claims[1])

    def test_gclouds_login_and_a_workloads_identity_are_asked_for_as_google_auth_asks(self):
        user = self.write("user.json", {"type": "authorized_user", "client_id": "c", "client_secret": "hush-hush",
                                        "refresh_token": "refresh", "token_uri": self.at + "/token"})
        # google-auth asks Google's own endpoint whatever the file says.
        with patching.patch("google.oauth2.credentials._GOOGLE_OAUTH2_TOKEN_ENDPOINT", self.at + "/token"):
            theirs = form(self.theirs(user)[0])
        self.assertEqual(theirs.pop("scope", SCOPE), SCOPE)  # the login's own scopes are enough
        self.assertEqual(form(self.ours(user)[0]), theirs)

        self.issuer.say = lambda connection, seen: connection.sendall(fake.reply(json.dumps({
            "access_token": "minted-token", "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "token_type": "Bearer", "expires_in": 3600}).encode()))
        external = self.write("external.json", {
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": self.at + "/sts",
            "credential_source": {"file": self.write("subject", "subject-token")}})
        self.assertEqual(form(self.ours(external)[0]), form(self.theirs(external)[0]))


class AzureIdentity(Case):
    def asked(self):
        [seen] = [s for s in self.issuer.seen if "/oauth2/v2.0/token" in s.line]
        # MSAL tells of itself in more fields.
        names = ("grant_type", "client_id", "client_secret", "scope", "client_assertion", "client_assertion_type")
        return {k: v for k, v in form(seen).items() if k in names}

    def test_an_applications_token_is_asked_for_as_azure_identity_asks(self):
        env = {"AZURE_TENANT_ID": "11111111-1111-1111-1111-111111111111", "AZURE_CLIENT_ID": "client-1"}
        federated = self.write("federated", "pods-own-token")
        for more in ({"AZURE_CLIENT_SECRET": "hush-hush"}, {"AZURE_FEDERATED_TOKEN_FILE": federated}):
            self.issuer.forget()
            gateway = self.serve(AZURE, AZURE_AUTHORITY_HOST=self.at, **env, **more)
            self.assertEqual(self.authorization(gateway, "cloud/gpt-4o"), "Bearer minted-token")
            gateway.stop()
            ours = self.asked()
            theirs = azure_identity_form(env, more)
            self.assertEqual(ours.pop("scope"), "https://cognitiveservices.azure.com/.default")
            self.assertIn("https://cognitiveservices.azure.com/.default", theirs.pop("scope").split())
            self.assertEqual(ours, theirs)


def azure_identity_form(env, more):
    """The form that azure-identity posts, caught by a transport that answers for Entra."""
    from azure.core.pipeline.transport import HttpTransport
    from azure.core.rest import HttpRequest  # noqa: F401
    caught = []

    class Reply:
        def __init__(self, request, body):
            self.request, self.status_code, self.reason, self.content_type = request, 200, "OK", "application/json"
            self.headers, self._body = {"content-type": "application/json"}, json.dumps(body)

        def text(self, encoding=None):
            return self._body

        def body(self):
            return self._body.encode()

        content = property(body)

    class Transport(HttpTransport):
        def send(self, request, **_):
            if request.method == "POST":
                data = request.body if getattr(request, "body", None) else request.data
                caught.append(dict(data) if isinstance(data, dict) else dict(urllib.parse.parse_qsl(
                    data.decode() if isinstance(data, bytes) else data)))
                return Reply(request, {"access_token": "x", "token_type": "Bearer", "expires_in": 3600})
            base = "https://login.microsoftonline.com/" + env["AZURE_TENANT_ID"]
            return Reply(request, {"token_endpoint": base + "/oauth2/v2.0/token", "issuer": base + "/v2.0",
                                   "authorization_endpoint": base + "/oauth2/v2.0/authorize", "tenant_discovery_endpoint": base,
                                   "metadata": [{"preferred_network": "login.microsoftonline.com",
                                                 "preferred_cache": "login.windows.net",
                                                 "aliases": ["login.microsoftonline.com"]}]})

        def open(self):
            pass

        def close(self):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    names = ("grant_type", "client_id", "client_secret", "scope", "client_assertion", "client_assertion_type")
    if "AZURE_CLIENT_SECRET" in more:
        credential = azure.identity.ClientSecretCredential(env["AZURE_TENANT_ID"], env["AZURE_CLIENT_ID"],
                                                           more["AZURE_CLIENT_SECRET"], transport=Transport())
    else:
        credential = azure.identity.WorkloadIdentityCredential(
            tenant_id=env["AZURE_TENANT_ID"], client_id=env["AZURE_CLIENT_ID"],
            token_file_path=more["AZURE_FEDERATED_TOKEN_FILE"], transport=Transport())
    credential.get_token("https://cognitiveservices.azure.com/.default")
    return {k: v for k, v in caught[-1].items() if k in names}


class Botocore(Case):
    ROLE = "arn:aws:iam::123456789012:role/gateway"

    def test_sts_is_asked_for_a_role_as_botocore_asks_and_signs(self):
        self.issuer.say = sts("AssumeRole")
        config = self.write("config", f"[profile role]\nrole_arn = {self.ROLE}\nsource_profile = base\nregion = eu-west-1\n"
                                      "external_id = ext/1\nrole_session_name = me\nduration_seconds = 900\n")
        credentials = self.write("credentials", "[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = secret\n")
        env = {"AWS_CONFIG_FILE": config, "AWS_SHARED_CREDENTIALS_FILE": credentials, "AWS_PROFILE": "role",
               "AWS_ENDPOINT_URL_STS": self.at}
        gateway = self.serve(AWS, **env)
        self.assertIn("ASIAROLE", self.authorization(gateway, "cloud/m"))
        gateway.stop()
        [seen] = self.issuer.seen
        ours = form(seen)

        request = AWSRequest(method="POST", url=self.at + "/", data=seen.body, headers={
            "Host": seen.headers["host"], "Content-Type": seen.headers["content-type"]})
        then = datetime.datetime.strptime(seen.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
        with patching.patch("botocore.auth.get_current_datetime", return_value=then, create=True), \
                patching.patch("botocore.compat.get_current_datetime", return_value=then, create=True):
            SigV4Auth(Credentials("AKIDBASE", "secret"), "sts", "eu-west-1").add_auth(request)
        self.assertEqual(seen.headers["authorization"], request.headers["Authorization"])

        self.issuer.forget()
        with patching.patch.dict(os.environ, env, clear=False):
            session = botocore.session.Session()
            frozen = session.get_credentials().get_frozen_credentials()
        self.assertEqual((frozen.access_key, frozen.token), ("ASIAROLE", "role&session=="))
        self.assertEqual(ours, form(self.issuer.seen[0]))

    def test_what_is_asked_of_sts_fits_its_service_model(self):
        model = botocore.session.Session().get_service_model("sts")
        token_file = self.write("web-identity", "w" * 40)
        self.issuer.say = sts("AssumeRoleWithWebIdentity")
        gateway = self.serve(AWS, AWS_ENDPOINT_URL_STS=self.at, AWS_WEB_IDENTITY_TOKEN_FILE=token_file, AWS_ROLE_ARN=self.ROLE)
        self.assertIn("ASIAROLE", self.authorization(gateway, "cloud/m"))
        sent = form(self.issuer.seen[0])
        operation = model.operation_model(sent.pop("Action"))
        self.assertEqual(sent.pop("Version"), model.api_version)
        self.assertLessEqual(set(sent), set(operation.input_shape.members))
        report = ParamValidator().validate(sent, operation.input_shape)
        self.assertFalse(report.has_errors(), report.generate_report())


del Case  # its tests are those of tests/e2e
if __name__ == "__main__":
    unittest.main()
