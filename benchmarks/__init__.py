"""What the budgets promise, measured: `make bench`, or `python -m benchmarks --help`.

General layout

    peers        the libraries measured beside ours; one that is missing is a dash, not an error
    timing       THE stopwatch: contenders in one process, rounds interleaved, ratios per round
    cases/       what is timed, one file per subject: headline cases first, then a file per family
    memory       bytes of an idle operator
    flat         resident memory over many items (a process of its own)
    startup      import time (a process per import)
    curve        cost per item by how many there are, and how many in flight
    budgets      each promise with its limit, its measurement and, if missed, the reason
    tables       results as tables, for the terminal and for Markdown
    report       benchmarks/results.md: one section per interpreter
    chart        benchmarks/results.svg and curve.svg
    environment  which machine, interpreter and build the figures belong to
"""
