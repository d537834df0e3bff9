import Glibc

/// Nanoseconds on a clock that never jumps and that all processes of a host share.
package func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Seconds on the same clock.
package func monotonicSeconds() -> Double { Double(monotonicNanoseconds()) * 1e-9 }
