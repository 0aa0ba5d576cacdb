"""A place in a video stream that moves forward by decoding and elsewhere by seeking, exact to the frame.

Works in ticks of the stream's time base; `pyav_reader` turns them into seconds and pictures. What it knows:

- A seek is right only if it lands on a keyframe at or before the target. Some containers (MPEG-TS) land
  late, so the seek is repeated with a growing margin and ends at the start of the file. After a seek,
  pictures that precede the keyframe in time depend on what was not decoded: they are not trusted.
- Jumping pays only when a keyframe lies between what was read and the target; the container's index tells.
- H.264 frames that no other frame refers to need no decoding unless they are asked for. Whether a packet is
  asked for shows once a later packet lies between it and the next target: packets are read a little ahead.
  This saves a quarter of the work and never changes a picture. (Other codecs do not mark such frames
  reliably: in HEVC a frame that its own layer does not refer to can still be referred to by a higher one.)
"""

import heapq
import os
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from rewatch.memory.ingest.change import ChangeMeter
from rewatch.memory.ingest.container import open_container, video_stream
from rewatch.memory.ingest.probe import frame_ticks, packet_ticks, packets_of

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_AHEAD_PACKETS = 24
"""Packets read ahead; more than any usual reordering of frames (H.264 and HEVC allow 16)."""
_MOST_THREADS = 4
"""Each thread holds back one more frame, which a seek pays for."""
_BLIND_JUMP_SECONDS = 2.0
"""Distance worth a seek where the container has no index that reaches the target."""


class Playhead:
    """One open file with a decoder at some place in it."""

    def __init__(self, path: Path, *, threads: int) -> None:
        self._path = path
        self._threads = threads
        self.meter: ChangeMeter | None = None
        """Sees every frame that goes by, in order of display."""
        self._open()
        assert self.stream.time_base is not None
        self.time_base = self.stream.time_base
        self._second = round(1 / self.time_base)
        self._longest_gop = round(_BLIND_JUMP_SECONDS * self._second)
        self._frugal = self.stream.codec_context.codec.canonical_name == "h264"

    def close(self) -> None:
        """Close the file."""
        self._packets.close()
        self.container.close()

    def show(self, targets: Sequence[int]) -> Iterator["VideoFrame | None"]:
        """Move through ascending targets and yield the frame on display at each.

        Args:
            targets: Ticks, ascending.

        Yields:
            The last frame that begins at or before the target; the first one of the file where there is none
            before it; None where nothing in the file can be decoded.
        """
        for index, target in enumerate(targets):
            margin = self._jump(target) if self._must_jump(target) else 0
            frame = self._advance(target, targets, index)
            while frame is None and not self._from_start:
                margin = self._jump(target, max(4 * margin, self._second))
                frame = self._advance(target, targets, index)
            yield frame or (self._take() if self._ready else None)

    def following(self) -> Iterator["VideoFrame"]:
        """Yield the frames after the one last shown, each decoded."""
        while True:
            while self._ready:
                yield self._take()
            if not self._decode_next((), 0):
                return

    def keyframe_from(self, ticks: int) -> int | None:
        """Find the first keyframe at or after a time, without decoding; the playhead's place is lost."""
        index = self.stream.index_entries
        if len(index) and index[-1].timestamp > ticks + self._longest_gop:
            entry = index.search_timestamp(ticks, backward=False)
            self._seek(index[entry].timestamp if entry >= 0 else ticks)
        else:
            self._seek(ticks)
        for packet in self._packets:
            at = packet_ticks(packet)
            if packet.is_keyframe and at is not None and at >= ticks and not packet.is_discard:
                return at
        return None

    def keyframes(self, start: int, end: int) -> Iterator["VideoFrame"]:
        """Yield the keyframes that begin in `[start, end)`, decoding nothing else."""
        self._jump(start)
        for packet in self._keyframe_packets(end):
            yield from self._within(self._decode(packet), start, end)
        yield from self._within(self._decode(None), start, end)

    def _keyframe_packets(self, end: int) -> Iterator["Packet[VideoStream]"]:
        for packet in chain(self._ahead, self._packets):
            if packet.dts is not None and packet.dts >= end:
                return
            if packet.is_keyframe:
                yield packet

    def _within(self, frames: "list[VideoFrame]", start: int, end: int) -> "Iterator[VideoFrame]":
        return (frame for frame in frames if start <= frame_ticks(frame) < end)

    def _open(self) -> None:
        self.container = open_container(self._path)
        self.stream = video_stream(self.container, self._path)
        threads = self._threads or min(os.cpu_count() or 1, _MOST_THREADS)
        self.stream.thread_type = "FRAME" if threads > 1 else "NONE"
        self.stream.thread_count = threads
        self._restart(from_start=True)

    def _restart(self, *, from_start: bool) -> None:
        self._packets = packets_of(self.container, self.stream)
        self._from_start = from_start
        self._exhausted = False
        self._trusted_from: int | None = None
        self._read_to: int | None = None
        self._fed_to = 0
        """Up to where packets have been decoded."""
        self._spared: list[int] = []
        self._spared_before = 0
        """Before this target frames may have been left out for its sake."""
        self._ahead: deque[Packet[VideoStream]] = deque()
        self._awaited: list[int] = []
        self._ready: deque[VideoFrame] = deque()
        self.shown: VideoFrame | None = None

    def _seek(self, ticks: int) -> None:
        from av.error import FFmpegError

        self._packets.close()
        try:
            self.container.seek(ticks, stream=self.stream)
        except (FFmpegError, OSError):
            self._rewind()
        else:
            self._restart(from_start=False)

    def _rewind(self) -> None:
        """Go to the start by opening the file again, which is right in every container."""
        self._packets.close()
        self.container.close()
        self._open()

    def _must_jump(self, target: int) -> bool:
        if self.shown is None or target < frame_ticks(self.shown) or self._read_to is None:
            return True
        if target < self._spared_before:
            return True
        if target <= self._read_to or self._exhausted:
            return False
        index = self.stream.index_entries
        if len(index) and index[-1].timestamp >= target:
            entry = index.search_timestamp(target)
            # Packets that were read ahead need not be decoded either, unless every frame is to be seen.
            done = self._read_to if self.meter is not None else self._fed_to
            return entry >= 0 and index[entry].timestamp > done + self._second // 2
        return target - self._read_to > self._longest_gop

    def _jump(self, target: int, margin: int = 0) -> int:
        """Go to a keyframe at or before the target, at least `margin` ticks; returns the margin it took."""
        if self.meter is not None:
            self.meter.skip()
        begin = self.stream.start_time or 0
        while not margin or target - margin > begin:
            self._seek(target - margin)
            if self._from_start or self._start_at_keyframe(target):
                return margin
            margin = max(4 * margin, self._second)
        self._rewind()
        return margin

    def _start_at_keyframe(self, target: int) -> bool:
        for packet in self._packets:
            at = packet_ticks(packet)
            if packet.is_keyframe and at is not None:
                self._note(packet)
                self._ahead.append(packet)
                self._trusted_from = at
                self._longest_gop = max(self._longest_gop, target - at)
                return at <= target
        return False

    def _note(self, packet: "Packet[VideoStream]") -> None:
        at = packet_ticks(packet)
        if packet.dts is not None:
            self._read_to = packet.dts if self._read_to is None else max(self._read_to, packet.dts)
        if at is not None and not packet.is_discard:
            heapq.heappush(self._awaited, at)

    def _advance(self, target: int, targets: Sequence[int], index: int) -> "VideoFrame | None":
        """Decode until the frame on display at the target is known."""
        while True:
            while self._ready and frame_ticks(self._ready[0]) <= target:
                self._take()
            if self._ready or self._is_last_before(target):
                return self.shown
            if not self._decode_next(targets, index):
                return self.shown

    def _take(self) -> "VideoFrame":
        before, self.shown = self.shown, self._ready.popleft()
        left_out = self._passed_spared(-1 if before is None else frame_ticks(before), frame_ticks(self.shown))
        if self.meter is not None:
            self.meter.see(self.shown, left_out=left_out)
        return self.shown

    def _passed_spared(self, before: int, at: int) -> bool:
        """Whether a frame between two shown ones was left out; forgets what lies behind."""
        found = False
        while self._spared and self._spared[0] <= at:
            found |= before < heapq.heappop(self._spared) < at
        return found

    def _is_last_before(self, target: int) -> bool:
        """Whether no packet, read or still to be read, can begin after the frame shown and by the target."""
        if self.shown is None or self._read_to is None or self._read_to <= target:
            return False
        while self._awaited and self._awaited[0] <= frame_ticks(self.shown):
            heapq.heappop(self._awaited)
        return not self._awaited or self._awaited[0] > target

    def _decode_next(self, targets: Sequence[int], index: int) -> bool:
        """Feed one packet to the decoder; False once the file and the decoder are empty."""
        while len(self._ahead) < _AHEAD_PACKETS and not self._exhausted:
            packet = next(self._packets, None)
            if packet is None:
                self._exhausted = True
            else:
                self._note(packet)
                self._ahead.append(packet)
        if not self._ahead:
            frames = self._decode(None)
            self._ready.extend(self._trusted(frames))
            return bool(frames)
        packet = self._ahead.popleft()
        self._fed_to = max(self._fed_to, packet.dts or 0)
        if self._frugal:
            spare = bool(targets) and self._is_spare(packet, targets, index)
            self.stream.codec_context.skip_frame = "NONREF" if spare else "DEFAULT"
        self._ready.extend(self._trusted(self._decode(packet)))
        return True

    def _is_spare(self, packet: "Packet[VideoStream]", targets: Sequence[int], index: int) -> bool:
        """Whether another frame is on display at the next target that this packet could serve."""
        at = packet_ticks(packet)
        if at is None:
            return False
        following = bisect_left(targets, at, index)
        if following == len(targets):
            return False
        target = targets[following]
        spare = any(other is not None and at < other <= target for other in map(packet_ticks, self._ahead))
        if spare:
            self._spared_before = target
            heapq.heappush(self._spared, at)
        return spare

    def _decode(self, packet: "Packet[VideoStream] | None") -> "list[VideoFrame]":
        from av.error import FFmpegError

        try:
            return self.stream.codec_context.decode(packet)
        except FFmpegError:
            return []

    def _trusted(self, frames: "list[VideoFrame]") -> Iterator["VideoFrame"]:
        """Leave out pictures before the keyframe of the last seek, and steps back in time."""
        newest = self._ready[-1] if self._ready else self.shown
        floor = frame_ticks(newest) + 1 if newest is not None else self._trusted_from
        for frame in frames:
            at = frame_ticks(frame)
            if floor is None or at >= floor:
                floor = at + 1
                yield frame
