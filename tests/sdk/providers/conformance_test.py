"""Every kind of the catalog in conformance, its fixtures with their sources, docs/providers.md as the runs give it."""

import importlib.metadata
import json
import re
import unittest

import matrix
from conformance import EMBEDDING_DIALECTS, ROOT, catalog
from simulated_vendor import fixture

LOCK = (ROOT / "tests/sdk/providers/requirements.lock").read_text()


class Conformance(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.rows = catalog()
        cls.results, cls.faults = matrix.run_all(cls.rows)

    def test_each_kind_answers_as_its_vendor_does(self):
        self.assertEqual(self.faults, [])
        self.assertEqual(set(self.results), {row["kind"] for row in self.rows} - {"mock"})

    def test_the_page_is_what_the_runs_give(self):
        self.assertEqual(matrix.PAGE.read_text(), matrix.page(self.rows, self.results),
                         "docs/providers.md is not what the runs give; run scripts/provider-matrix")

    def test_each_kind_has_its_fixtures(self):
        for row in self.rows:
            if row["kind"] == "mock":
                continue
            for case in ["chat", "tools"] + ["embeddings"] * bool(EMBEDDING_DIALECTS & set(row["dialects"])):
                with self.subTest(kind=row["kind"], case=case):
                    self.assertIsNotNone(fixture(row["kind"], case))

    def test_each_fixture_names_its_source_and_an_sdk_in_the_version_that_is_locked(self):
        for path in sorted((ROOT / "tests/wire/providers").rglob("*.json")):
            with self.subTest(path.name, kind=path.parent.name):
                source = json.loads(path.read_text())["source"]
                self.assertRegex(source, r"^(unverified|https://|[a-z0-9-]+ \d)")
                for name, version in re.findall(r"\b([a-z][a-z0-9-]+) (\d+\.\d+\.\d+)\b", source):
                    self.assertEqual(importlib.metadata.version(name), version)
                    self.assertIn(f"{name}=={version} ", LOCK)


if __name__ == "__main__":
    unittest.main()
