import Lockstep

/// Processes that the kernel has ended because there was no memory left: all that their parents see is
/// SIGKILL.
package enum MemoryKills {
  /// How many there were on this host since it started; nil where the kernel does not say.
  package static func count(read: (String) -> String? = text(ofFile:)) -> Int? {
    let line = read("/proc/vmstat")?.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
    return line?.split(separator: " ").last.flatMap { Int($0) }
  }

  /// What to say of a job that has ended with `status`, where there were so many before it and after;
  /// nil: nothing.
  package static func note(status: Int32, before: Int?, after: Int?) -> String? {
    guard status == 128 + 9, let before, let after, after > before else { return nil }
    return """
      note: while the job ran, the kernel of this host has ended \(after - before) process(es) for lack \
      of memory: use smaller batches, a smaller model or fewer ranks\n
      """
  }
}
