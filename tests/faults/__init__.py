"""Faults of the index store: kills, failing calls, full disks, lost power, bad bits, odd clocks.

The promise under test: whatever happens to an update, the index holds exactly the state that was
acknowledged last or exactly the one that was being written, and the next run goes on from there
without a hand being lent. An update is acknowledged when its process ends with exit code 0 or 3.

    world          corpora that change, and what an index holds, compared by content
    scenarios      an index, a corpus that has moved on, and the command that brings them together
    driver         a process that runs such commands, each in a fork that may be killed
    indexer        the same, as the harness sees it
    strace         which system calls a run makes, and how to make one of them go wrong
    figures        what came of many faults, and what must hold after each
    kills, lives   kill -9 at a system call and at any time; an index that lives through many
    errors         a system call that fails, once or from then on
    full_disk      a disk that is too small
    power, disk    a loss of power, on a disk that is modelled
    corruption     bits, ends, blocks and whole files that are not as they were written
    clocks         clocks that jump
    planted        bugs, of which test_planted shows that they are noticed

`pytest -s tests/faults` goes through a slice of it, with `--thorough` through all; `--seed` repeats
a run. Nothing is counted that did not happen: a kill is a process that ended by signal 9, an error
one that strace says it injected.
"""
