"""The frame of a study's page: what was studied, what that can not say, and how to run it again."""

import shlex
from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.attack import measures
from sim.attack.attackers import ATTACKED
from sim.attack.measures import ENDS
from sim.experiments.reading import LEVEL, UNSURE
from sim.experiments.report import markdown
from sim.explain import capability, setting
from sim.metrics.contrasts import Columns


def studied(runs: Columns, config: Mapping[str, Any]) -> str:
    """Scenario, parameters, policies, worlds, attacks and defences."""
    changed = ", ".join(f"{name} = {value}" for name, value in config["given"].items()) or "none"
    raised = "".join(
        f" Of them {name} was raised by the study itself, so that there is room for the identities that attackers may take."
        for name in config["raised"]
    )
    others = ", ".join(f"{role} = {one['label']}" for role, one in config["policies"].items())
    lines = [
        f"- Scenario {config['scenario']}, preset {config['preset']}; parameters changed: {changed}.{raised}",
        f"- Who does not attack plays {others}.",
        f"- {len(set(runs['seed'].tolist()))} random worlds, the same for every arm; {len(runs['seed'])} runs.",
        "- Welfare is the value received or minus the cost of work, in expectation, and the money gained, summed over the "
        "agents that no attacker controls. Every attack is compared with its honest twin: the same agents with the same money, "
        "who play an honest policy.",
        f"- Attackers' shares: {_numbers(config)}. Defences are compared, attacks stop and attackers learn at "
        f"{config['share']:.3g}.",
    ]
    attacks = [
        [name, one["about"], capability(one), "; ".join(f"{role}: {twin}" for role, twin in one["twin"].items())]
        for name, one in config["attacks"].items()
    ]
    defences = [[name, one["about"], setting(one["on"]), setting(one["off"])] for name, one in config["defences"].items()]
    return "\n\n".join(
        [
            "\n".join(lines),
            markdown((["attack", "what its agents do", "one attacker has", "honest twin"], attacks), words=True),
            markdown((["defence", "what it does", "on", "off"], defences), words=True),
        ]
    )


def _numbers(config: Mapping[str, Any]) -> str:
    """The shares, and how many agents they are."""
    shares = ", ".join(f"{share:.3g}" for share in config["shares"])
    agents = {name: f"{', '.join(map(str, one['attackers']))} of {one['residents']}" for name, one in config["attacks"].items()}
    if len(set(agents.values())) == 1:
        return f"{shares} (in whole agents {next(iter(agents.values()))} of the attack's first role)"
    return f"{shares} (in whole agents {'; '.join(f'{name}: {text}' for name, text in agents.items())})"


def limitations(tables: Mapping[str, Columns], manifest: Mapping[str, Any]) -> list[str]:
    """What these rows can not say."""
    config, runs = manifest["config"], tables["runs"]
    worlds = len(set(runs["seed"].tolist()))
    out = [
        f"This is {config['scenario']} with these parameters, policies and shares; what holds for others is not known. Honest "
        "agents do not adapt their policies to the attack or to the defences.",
        "The attacks are scripts that somebody wrote; none is the strongest there is. What a defence withstands here it "
        "withstands of these attacks.",
        f"Intervals of scripts are over {worlds} random worlds: how far the mean over worlds is known, not how one world "
        f"differs from the next. Where p after Holm's correction is above {LEVEL}, {UNSURE}, which does not show that there is "
        "none. Holm's correction is over one table at a time; the interval of the worst case allows for having picked it from "
        "the attacks (Bonferroni), other intervals are not corrected.",
        "Defences are compared at one strength each, alone and all together, not in every combination; what each costs is "
        "measured where nobody attacks.",
        "An attack's harm counts what honest agents lose against a world in which the attackers' agents are honest, not one "
        "without them.",
        "Stake that is left behind under an old identity counts as wealth of whoever left it.",
        "Ratios and percentages are left out (n/a) where what they divide by is not clearly away from zero.",
    ]
    out += _learning(tables, config)
    if worlds < 10:
        out.append("Fewer than 10 worlds: Student intervals lean on the values being nearly normal.")
    out += _room(config)
    partly = _partly(runs, config)
    if partly:
        out.append(f"Averaged over only those worlds in which it is defined: {'; '.join(partly)}.")
    return out


def _learning(tables: Mapping[str, Columns], config: Mapping[str, Any]) -> list[str]:
    """What learners can not say."""
    if "training" not in tables:
        return ["No attacker was trained in this study."]
    found = {end: measures.learner(tables["runs"], tables["training"], config, end) for end in ENDS}
    few = min(len(one.seeds) for one in found.values())
    unfinished = [end for end, one in found.items() if not one.found.converged]
    out = [
        f"The learner has the accounts of one attack ({config['capability']}) and decides for its first role; one algorithm, "
        f"one size of network, {config['steps']:,} agent-steps and {few} training{'s' * (few > 1)}. Its gain is a lower bound "
        "of what can be gained.",
        "Intervals of learners are over training seeds, in these same held-out worlds; how far a script is ahead of them is an "
        "interval over worlds, for these trainings.",
    ]
    if unfinished:
        out.append(f"Not shown to have converged (defences: {', '.join(unfinished)}): longer training may find more.")
    return out


def _room(config: Mapping[str, Any]) -> list[str]:
    """Whether attackers share too few rows for their identities."""
    spare = config["parameters"].get("spare")
    wanted = max(one["identities"] * max(one["attackers"]) for one in config["attacks"].values())
    if spare is None or spare >= wanted:
        return []
    return [
        f"There is room for {spare} new identities in a world, and attackers may ask for up to {wanted}: late ones are refused."
    ]


def _partly(runs: Columns, config: Mapping[str, Any]) -> list[str]:
    """Ratios of the attackers' side that are not defined in every world."""
    out = []
    for attack in config["attacks"]:
        for end in ENDS:
            case = measures.Case(attack, config["share"], end, ATTACKED)
            for metric in ("attacker_return", measures.SCAM, "profit_from_scam"):
                known = ~np.isnan(measures.sample(runs, metric, case))
                if not known.all():
                    out.append(f"{metric} of {attack}, defences {end} ({known.sum()} of {known.size})")
    return out


def again(manifest: Mapping[str, Any]) -> str:
    """The command, the commit and what else decides the rows."""
    text, shell = command(manifest["config"])
    checkout = manifest["checkout"]
    state = "no checkout" if checkout is None else f"commit {checkout['commit']}{' with changes' if checkout['dirty'] else ''}"
    versions = ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())
    plural = "s" * (manifest["threads"] > 1)
    return "\n\n".join(
        [
            f"```{'sh' if shell else 'python'}\n{text}\n```",
            f"The same code and versions give the same ledgers, whose digests are in runs.parquet: {state}, rules "
            f"{manifest['rules']['sha256'][:16]} ({manifest['rules']['mode']}), {versions}. Attackers that learn are the same "
            "again only on the same processor and with as many threads of PyTorch.",
            f"Started {manifest['started']}; it took {manifest['wall_s']:,.0f} s on {manifest['threads']} thread{plural} of "
            f"{manifest['machine']['cpu']}.",
        ]
    )


def command(config: Mapping[str, Any]) -> tuple[str, bool]:
    """How to run it again, and whether that is a shell command (else it is Python)."""
    policies = {role: one["given"] for role, one in config["policies"].items()}
    if all(policies.values()) and isinstance(config["seeds"], int) and config["defences"]:
        words = ["ledgerlab", "resilience", config["scenario"], "--preset", config["preset"]]
        words += [word for role, name in policies.items() for word in ("--policy", f"{role}={name}")]
        words += [word for name, value in config["given"].items() for word in ("--set", f"{name}={value}")]
        words += [word for name in config["attacks"] for word in ("--attack", name)]
        words += ["--shares", ",".join(f"{share!r}" for share in config["shares"]), "--share", repr(config["share"])]
        words += [word for name in config["defences"] for word in ("--defence", name)]
        words += ["--seeds", str(config["seeds"]), "--trainings", str(config["trainings"]), "--steps", str(config["steps"])]
        return shlex.join([*words, "--capability", config["capability"]]), True
    seated = ", ".join(
        f"{role!r}: {name!r}" if name else f"{role!r}: {config['policies'][role]['label']}" for role, name in policies.items()
    )
    arguments = {"attacks": list(config["attacks"]), "defences": list(config["defences"])}
    arguments |= {name: config[name] for name in ("shares", "share", "seeds", "trainings", "steps", "capability", "preset")}
    given = ", ".join(f"{name}={value!r}" for name, value in {**arguments, **config["given"]}.items())
    return f"import sim\nsim.resilience({config['scenario']!r}, policies={{{seated}}}, {given})", False
