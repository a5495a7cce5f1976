"""All cases, headline first."""

from benchmarks.cases import (
    combine,
    create,
    generator,
    group,
    layers,
    pipeline,
    queues,
    reduce,
    select,
    share,
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
    *share.CASES,
]
OVER_GENERATOR = [
    over_generator(case)
    for case in OPERATORS
    if case.family != "create" and case is not share.WAITING
]
CASES = [*HEADLINES, *queues.CASES, *OPERATORS, *OVER_GENERATOR]
