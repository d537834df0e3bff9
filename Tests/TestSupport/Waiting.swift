import Glibc
import Support

/// How long a test waits for what must come, in seconds: a test that waits for what never comes
/// fails then, and does not hang. What is right comes long before, however busy the machine is.
public let forever = 120 * patience

/// Returns when `condition` holds, and whether it does: it may never.
///
/// For threads that wait for each other in a test. The order decides, and no clock.
public func waitUntil(_ condition: () -> Bool) -> Bool {
  let end = monotonicSeconds() + forever
  while !condition() {
    if monotonicSeconds() > end { return condition() }
    sched_yield()
  }
  return true
}

/// The longest that something may take that ordinarily takes `seconds`, in suites that run alone:
/// ten times as long, and longer under a sanitizer.
public func tenTimes(_ seconds: Double) -> Double { 10 * seconds * patience }
