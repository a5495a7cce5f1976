"""All cases, headline first."""

from benchmarks.cases import (
    combine,
    create,
    generator,
    group,
    layers,
    pipeline,
    reduce,
    select,
    transform,
)
from benchmarks.cases.work import over_generator

HEADLINES = [*pipeline.CASES, *generator.CASES, *layers.CASES]
OPERATORS = [
    *create.CASES,
    *transform.CASES,
    *select.CASES,
    *group.CASES,
    *combine.CASES,
    *reduce.CASES,
]
OVER_GENERATOR = [over_generator(case) for case in OPERATORS if case.family != "create"]
CASES = [*HEADLINES, *OPERATORS, *OVER_GENERATOR]
