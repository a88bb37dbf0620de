"""Chunks that left the memory of their history: the most recently used ones, up to a number of bytes."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections import OrderedDict, deque

from gradviz.recording.frame import Distributions, Evaluation
from gradviz.recording.source import Chunk, ChunkKey, ChunkSource

DEFAULT_BYTES = 192 * 1024 * 1024


class ChunkCache:
    """Chunks by owner and key; the least recently used ones leave first. Any thread may call any method."""

    def __init__(self, most_bytes: int = DEFAULT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._chunks: OrderedDict[tuple[int, ChunkKey], Chunk] = OrderedDict()
        self._bytes = 0
        self._left: deque[int] = deque()
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Bytes of the chunks that are here."""
        return self._bytes

    def get(self, owner: int, key: ChunkKey) -> Chunk | None:
        """Return a chunk if it is here."""
        with self._lock:
            chunk = self._chunks.get((owner, key))
            if chunk is not None:
                self._chunks.move_to_end((owner, key))
            return chunk

    def put(self, owner: int, key: ChunkKey, chunk: Chunk) -> None:
        """Keep a chunk, unless it is larger than everything that may be kept."""
        with self._lock:
            self._drop_left()
            if (before := self._chunks.pop((owner, key), None)) is not None:
                self._bytes -= before.nbytes
            if chunk.nbytes > self._most_bytes:
                return
            self._chunks[owner, key] = chunk
            self._bytes += chunk.nbytes
            while self._bytes > self._most_bytes:
                self._bytes -= self._chunks.popitem(last=False)[1].nbytes

    def forget(self, owner: int) -> None:
        """Drop every chunk of an owner.

        The garbage collector calls this, at any moment, maybe in a thread that is in the midst of another method: so
        it never waits, and leaves the work to the next call if it has to.
        """
        self._left.append(owner)
        if self._lock.acquire(blocking=False):
            try:
                self._drop_left()
            finally:
                self._lock.release()

    def _drop_left(self) -> None:
        while self._left:
            owner = self._left.popleft()
            for place in [place for place in self._chunks if place[0] == owner]:
                self._bytes -= self._chunks.pop(place).nbytes


# all histories of the process share one
SHARED = ChunkCache()
_owners = itertools.count()


class CachedSource:
    """What left the memory of one history: chunks from the cache, all else from its source, which may be replaced."""

    def __init__(self, source: ChunkSource | None = None, cache: ChunkCache = SHARED) -> None:
        self.source = source
        self._cache = cache
        self._owner = next(_owners)
        weakref.finalize(self, cache.forget, self._owner).atexit = False

    def chunk(self, key: ChunkKey) -> Chunk:
        """Return a chunk that nobody writes to any more. Raises what the source raises."""
        chunk = self._cache.get(self._owner, key)
        if chunk is None:
            # two threads may load the same chunk; that is better than one waiting while the other loads another chunk
            chunk = self._there().chunk(key)
            self._cache.put(self._owner, key, chunk)
        return chunk

    def keep(self, key: ChunkKey, chunk: Chunk) -> None:
        """Take a chunk that leaves the memory of the history; it is in the source."""
        self._cache.put(self._owner, key, chunk)

    def evaluation(self, step: int) -> Evaluation:
        """Return the evaluation of exactly `step`."""
        return self._there().evaluation(step)

    def distributions(self, step: int) -> Distributions:
        """Return the distributions of exactly `step`."""
        return self._there().distributions(step)

    def _there(self) -> ChunkSource:
        # nothing leaves memory before there is a source
        assert self.source is not None
        return self.source
