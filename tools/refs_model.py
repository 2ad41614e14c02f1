# SPDX-License-Identifier: MIT
"""What a reference string says about memory: misses of a policy as a function of the number of
frames, and the working set. For refs.py.

LRU: one pass gives the misses of all sizes (Mattson's stack distances), O(n log n). OPT, FIFO and
clock are simulated for each size: OPT with a heap of next uses, O(n log n), the others O(n). A size is
at least 1; memory is empty at first, and only a miss brings a page in.
Sources: Mattson, Gecsei, Slutz, Traiger, "Evaluation techniques for storage hierarchies", 1970;
Belady, "A study of replacement algorithms", 1966; Denning, "The working set model", 1968.
"""

from bisect import bisect_left
from heapq import heappush, heapreplace

SPAN = 1024  # references in a leaf of the tree of times


def dense(pages):
    """The same string with pages numbered 0, 1, ... as they first appear, and how many there are."""
    numbers = {}
    return [numbers.setdefault(page, len(numbers)) for page in pages], len(numbers)


# Policies: string, number of its pages, number of frames -> misses.


def lru_distances(ids, distinct):
    """[d]: references to a page that is the d-th of the LRU stack; [0]: first references.

    The times of last references, one for each page, stand in leaves of SPAN possible times each; a
    Fenwick tree counts those of all leaves but the last, which still grows. A distance is the number
    of times that are not before the page's own."""
    hist, last = [0] * (distinct + 1), [-1] * distinct
    leaves, tree, closed = [[]], [0] * (len(ids) // SPAN + 2), 0
    size = len(tree)
    for now, page in enumerate(ids):
        if now % SPAN == 0 and now:
            closed += len(leaves[-1])
            leaf = len(leaves)
            while leaf < size:
                tree[leaf] += len(leaves[-1])
                leaf += leaf & -leaf
            leaves.append([])
        then = last[page]
        last[page] = now
        if then < 0:
            hist[0] += 1
        else:
            at = then // SPAN + 1
            leaf = leaves[at - 1]
            k = bisect_left(leaf, then)
            distance = len(leaf) - k
            del leaf[k]
            if at < len(leaves):
                distance += closed + len(leaves[-1])
                closed -= 1
                i = at
                while i:
                    distance -= tree[i]
                    i &= i - 1
                while at < size:
                    tree[at] -= 1
                    at += at & -at
            hist[distance] += 1
        leaves[-1].append(now)
    return hist


def lru_curve(ids, distinct):
    """[m]: misses with m frames, 0 to `distinct`."""
    hist = lru_distances(ids, distinct)
    misses = [len(ids)]
    for hits in hist[1:]:
        misses.append(misses[-1] - hits)
    return misses


def fifo(ids, distinct, frames):
    resident, ring, hand, misses = bytearray(distinct), [], 0, 0
    for page in ids:
        if resident[page]:
            continue
        misses += 1
        resident[page] = 1
        if len(ring) < frames:
            ring.append(page)
            continue
        resident[ring[hand]] = 0
        ring[hand] = page
        hand = hand + 1 if hand + 1 < frames else 0
    return misses


def clock(ids, distinct, frames):
    """Second chance: FIFO, but the hand goes past a page that was used since it last came by."""
    state, ring, hand, misses = bytearray(distinct), [], 0, 0  # state: 0 absent, 1 resident, 2 used
    for page in ids:
        if state[page]:
            state[page] = 2
            continue
        misses += 1
        state[page] = 2
        if len(ring) < frames:
            ring.append(page)
            continue
        while state[ring[hand]] == 2:
            state[ring[hand]] = 1
            hand = hand + 1 if hand + 1 < frames else 0
        state[ring[hand]] = 0
        ring[hand] = page
        hand = hand + 1 if hand + 1 < frames else 0
    return misses


def next_uses(ids):
    """Of each reference the index of the page's next one; where there is none, length + page."""
    n, ahead = len(ids), {}
    uses = [0] * n
    for i in range(n - 1, -1, -1):
        uses[i] = ahead.get(ids[i], n + ids[i])
        ahead[ids[i]] = i
    return uses


def opt(ids, distinct, frames, uses=None):
    """Belady's: the page goes whose next use is farthest. A next use names its page. Entries of the
    heap that a hit made old lie in the past, below those of all resident pages, and never come up."""
    n = len(ids)
    uses = uses or next_uses(ids)
    resident, heap, free, misses = bytearray(distinct), [], frames, 0
    for page, use in zip(ids, uses):
        if resident[page]:
            heappush(heap, -use)
            continue
        misses += 1
        resident[page] = 1
        if free:
            free -= 1
            heappush(heap, -use)
            continue
        out = -heapreplace(heap, -use)
        resident[ids[out] if out < n else out - n] = 0
    return misses


POLICIES = ("lru", "clock", "fifo", "opt")


def curves(pages, policies, sizes):
    """{policy: [misses at each size]}."""
    ids, distinct = dense(pages)
    uses = next_uses(ids) if "opt" in policies else None
    found = {}
    for policy in policies:
        if policy == "lru":
            misses = lru_curve(ids, distinct)
            found[policy] = [misses[min(size, distinct)] for size in sizes]
        elif policy == "opt":
            found[policy] = [opt(ids, distinct, size, uses) for size in sizes]
        else:
            simulate = {"fifo": fifo, "clock": clock}[policy]
            found[policy] = [simulate(ids, distinct, size) for size in sizes]
    return found


# The working set.


class WorkingSet:
    """W(t, tau): the pages that were referenced in (t - tau, t], for t from the first reference to end.

    times are those of the references and do not decrease; without them a reference takes one unit.
    average: the number of pages over that time. misses: references to a page that was not in the set.
    most: the largest set. columns: the largest in each of so many equal parts of the time."""

    def __init__(self, pages, tau, times=None, end=None, columns=1):
        self.times = times if times is not None else range(1, len(pages) + 1)
        self.start = self.now = self.times[0]
        self.end = max(end or 0, self.times[-1], self.start + 1) if times else self.times[-1] + 1
        self.columns, self.column = [0] * columns, 0
        self.size = self.most = self.area = 0
        self.misses = self.walk(dense(pages)[0], tau)
        self.average = self.area / (self.end - self.start)
        self.miss_ratio = self.misses / len(pages)

    def walk(self, ids, tau):
        """A page comes in at a reference, if it is not in, and goes out tau after one, if there was no
        other in the meantime; to leave and come back at one instant is to stay."""
        times, uses, n, oldest, misses = self.times, next_uses(ids), len(ids), 0, 0
        last = {}
        for i, now in enumerate(times):
            while times[oldest] + tau <= now and oldest < i:
                self.leave(uses[oldest], times[oldest] + tau)
                oldest += 1
            before = last.get(ids[i])
            if before is None or now - before > tau:
                misses += 1
                self.step(now, 1)
            last[ids[i]] = now
        while oldest < n and times[oldest] + tau < self.end:
            self.leave(uses[oldest], times[oldest] + tau)
            oldest += 1
        self.step(self.end, 0)
        return misses

    def leave(self, use, at):
        if use >= len(self.times) or self.times[use] > at:
            self.step(at, -1)

    def step(self, at, change):
        """The size is known until `at`, and changes there."""
        if at > self.now:
            self.area += self.size * (at - self.now)
            ahead, span = (at - self.start) * len(self.columns), self.end - self.start
            for column in range(self.column, -(-ahead // span)):
                if self.size > self.columns[column]:
                    self.columns[column] = self.size
            self.now, self.column = at, ahead // span
        self.size += change
        if self.size > self.most:
            self.most = self.size
