import Glibc
package import Lockstep

/// What `lockstep doctor` says of one host: a name and a text for each line.
///
/// What cannot be read is said to be so; nothing here fails.
package struct HostReport {
  /// The lines, in order.
  package private(set) var lines: [(name: String, text: String)] = []
  /// What to mend.
  private(set) var advice: [String] = []

  /// The host with the name `host`, as a rank with this `allowance` sees it, with the `demand` of all
  /// its ranks; `read` gives the text of a file of `/proc` or `/sys`.
  package init(
    _ allowance: CoreAllowance, host: String, demand: CoreDemand,
    read: (String) -> String? = text(ofFile:)
  ) {
    let onMachine = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    add("cores", "\(demand.room) for all ranks; the machine has \(onMachine) hardware thread(s)")
    for line in demand.lines { add("mask", line) }
    advice += demand.advice(host).map { [$0] } ?? []
    add("CPU limit", Self.quotas(allowance))
    addSharedMemory(host)
    addLimits(host, read)
    let source = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
    add("clock", read(source).map { $0.filter { !$0.isNewline } } ?? "not readable: \(source)")
    let interfaces = NetworkInterface.all().map { NetworkInterface.lines($0) }
    for line in interfaces ?? ["not readable: \(reason(of: errno))"] {
      add("interface", line)
    }
  }

  private mutating func add(_ name: String, _ text: String) { lines.append((name, text)) }

  /// The CPU limits of the control groups, from the inside out.
  package static func quotas(_ allowance: CoreAllowance) -> String {
    let limits = allowance.quotas.map { "\($0.cores.text(2)) cores" }
    return limits.isEmpty ? "none" : limits.joined(separator: ", within ")
  }

  private mutating func addSharedMemory(_ host: String) {
    let path = "/dev/shm"
    var facts = statvfs()
    guard statvfs(path, &facts) == 0 else {
      add(path, "not readable: \(reason(of: errno))")
      return
    }
    let size = Int(facts.f_blocks) * Int(facts.f_frsize)
    add(path, "\(sizeText(size)), \(sizeText(Int(facts.f_bavail) * Int(facts.f_frsize))) free")
    advice += Self.sharedMemoryAdvice(host, size: size).map { [$0] } ?? []
  }

  /// What to do where `/dev/shm` is as small as containers have it by default; nil: nothing.
  package static func sharedMemoryAdvice(_ host: String, size: Int) -> String? {
    guard size <= 64 << 20 else { return nil }
    return """
      \(host): /dev/shm has \(sizeText(size)): ranks whose gradients are larger do not share memory \
      and are slower; give a container more (docker run --shm-size=1g)
      """
  }

  private mutating func addLimits(_ host: String, _ read: (String) -> String?) {
    let path = "/proc/self/limits"
    guard let limits = read(path).map(ResourceLimits.init) else {
      add("limits", "not readable: \(path)")
      return
    }
    for (name, text) in limits.lines { add(name, text) }
    advice += limits.advice(host)
  }
}

/// A number of bytes, for people.
package func sizeText(_ bytes: Int) -> String {
  switch bytes {
  case ..<10_000: "\(bytes) bytes"
  case ..<10_000_000: "\((Double(bytes) / 1e3).text(0)) KB"
  case ..<10_000_000_000: "\((Double(bytes) / 1e6).text(0)) MB"
  default: "\((Double(bytes) / 1e9).text(1)) GB"
  }
}
