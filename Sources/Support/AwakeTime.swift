/// Time as it passes for a thread that looks at the clock again and again, without the stretches in
/// which its process was suspended: by Ctrl-Z, a batch system, or the lid of a laptop.
///
/// Between two looks lies a known time. Where it was far longer, the process did not run.
package struct AwakeTime {
  /// When the thread looked last; nil: it has not.
  private var last: UInt64?

  /// Nobody has looked.
  package init() {}

  /// How many nanoseconds since the last look do not count. To be called once at each look.
  ///
  /// - Parameter interval: nanoseconds from one look to the next; on a busy machine they may come ten
  ///   times as late.
  package mutating func lost(at now: UInt64, interval: UInt64) -> UInt64 {
    defer { last = now }
    guard let last, now > last + 10 * interval else { return 0 }
    return now - last - 10 * interval
  }

  /// Notes that the thread has worked until the moment `now`, and will look again an interval later.
  package mutating func rest(at now: UInt64) { last = now }
}

/// Seconds that something has lasted, by a thread that looks at it again and again: those in which the
/// process was suspended do not count.
package struct AwakeStopwatch {
  private let interval: UInt64
  private var time = AwakeTime()
  private var last: UInt64
  private var elapsed: UInt64 = 0

  /// Begins at the moment `now`. The thread looks every `interval` nanoseconds.
  package init(interval: UInt64, at now: UInt64) {
    (self.interval, last) = (interval, now)
    _ = time.lost(at: now, interval: interval)
  }

  /// Looks at the clock, which shows `now`; returns the seconds since the beginning.
  package mutating func look(at now: UInt64) -> Double {
    elapsed += now - Swift.min(last, now)
    elapsed -= Swift.min(elapsed, time.lost(at: now, interval: interval))
    last = now
    return Double(elapsed) * 1e-9
  }
}
