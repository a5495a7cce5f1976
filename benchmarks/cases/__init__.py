"""All cases, headline first."""

from benchmarks.cases import (
    bridges,
    buffers,
    combine,
    completed,
    concurrency,
    create,
    executors,
    generator,
    group,
    layers,
    merge,
    pipeline,
    queues,
    reduce,
    select,
    share,
    timed,
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
TOGETHER = [
    *concurrency.CASES,
    *merge.CASES,
    *buffers.CASES,
    *completed.CASES,
    *timed.CASES,
]
ON_LOOP = [*queues.CASES, *TOGETHER, *bridges.CASES, *executors.CASES]
CASES = [*HEADLINES, *ON_LOOP, *OPERATORS, *OVER_GENERATOR]
