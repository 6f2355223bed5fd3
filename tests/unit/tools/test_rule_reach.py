"""Every file of a reached package counts, directly or by way of others; tests and the rule itself do not."""

from __future__ import annotations

from pathlib import Path

from tools.rule_reach import Reach, reach_of_rules


def test_a_rule_reaches_all_files_of_the_packages_below_it(tmp_path: Path) -> None:
    files = {
        "rules/az/far.rego": "package vpcguard.rules.az.far\n\nimport data.vpcguard.lib.way\n\nx := way.y\n",
        "rules/az/far_test.rego": "package vpcguard.rules.az.far_test\n\nimport data.vpcguard.lib.alone\n",
        "lib/way.rego": "package vpcguard.lib.way\n\ny := data.vpcguard.lib.deep.x.one\n",
        "lib/more.rego": "package vpcguard.lib.way\n\nz := 1\n",
        "lib/deep.rego": "package vpcguard.lib.deep\n\n# data.vpcguard.lib.alone\nx := data.vpcguard.c\n",
        "lib/alone.rego": "package vpcguard.lib.alone\n",
        "main.rego": "package vpcguard\n\ndecision := data.vpcguard.rules\n",
        "rules/az/near.rego": "package vpcguard.rules.az.near\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    assert reach_of_rules(tmp_path) == [
        Reach(
            id="az.far",
            files=(Path("lib/deep.rego"), Path("lib/more.rego"), Path("lib/way.rego")),
            lines=4 + 3 + 3,
        ),
        Reach(id="az.near", files=(), lines=0),
    ]
