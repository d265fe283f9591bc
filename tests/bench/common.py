"""What the benchmarks share: interleaved timing, medians and tables. Figures are ratios taken side by side in one run."""

import statistics
import subprocess
import sys
import time

PIXIE, PEER = "pixie", "C extension"


def interleaved(candidates, rounds, seconds):
    """Times callables in turn, `rounds` times; each entry is name -> (callable of a repeat count). Returns name -> list of
    nanoseconds a call. The order is turned around each round, so that a drift of the machine hits all alike."""
    counts = {}
    for name, run in candidates.items():
        count = 1
        while True:
            start = time.perf_counter_ns()
            run(count)
            taken = time.perf_counter_ns() - start
            if taken > seconds * 1e9 / 4:
                counts[name] = max(1, int(count * seconds * 1e9 / taken))
                break
            count *= 4
    times = {name: [] for name in candidates}
    for turn in range(rounds):
        names = list(candidates)
        for name in names if turn % 2 == 0 else reversed(names):
            start = time.perf_counter_ns()
            candidates[name](counts[name])
            times[name].append((time.perf_counter_ns() - start) / counts[name])
    return times


def repeat(function, *arguments):
    """A callable of a repeat count, with the loop's own cost as small as Python allows."""
    from itertools import repeat as times

    def run(count):
        for _ in times(None, count):
            function(*arguments)

    return run


def ratio(times, name, base):
    """The median of the ratios round by round."""
    return statistics.median(a / b for a, b in zip(times[name], times[base]))


def processes(commands, runs, read):
    """Runs commands in turn, `runs` times each, and returns name -> list of what `read` makes of their output."""
    results = {name: [] for name in commands}
    for turn in range(runs + 1):
        names = list(commands)
        for name in names if turn % 2 == 0 else reversed(names):
            output = subprocess.run(commands[name], check=True, capture_output=True, text=True).stdout
            # The first turn fills the caches.
            if turn > 0:
                results[name].append(read(output))
    return results


def table(title, header, rows):
    """Prints a table; the first column is text, the others are right-aligned."""
    print(f"\n{title}")
    widths = [max(len(str(row[column])) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        cells = [str(cell).ljust(width) if column == 0 else str(cell).rjust(width) for column, (cell, width) in enumerate(zip(row, widths))]
        print("  " + "  ".join(cells))
    sys.stdout.flush()


def geometric_mean(values):
    return statistics.geometric_mean(values)
