import Lockstep
import Support

/// How many cores this process may use, as `launch/lib.sh` counts them: those of its affinity mask
/// and no more than the CPU limit of its control groups.
package func availableCores() -> Int {
  let cores = allowedCores().count
  let count = cores == 0 ? Threads.availableCores : cores
  return max(1, ([count] + cpuQuotas()).min() ?? 1)
}

/// The hardware threads of `count` of the cores of this process, in every `turn` those of others, in
/// a circle; nil where it has no more cores than that.
package func hardwareThreads(ofCores count: Int, turn: Int) -> [Int]? {
  let cores = allowedCores()
  guard count < cores.count else { return nil }
  return (0..<count).flatMap { cores[(turn * count + $0) % cores.count] }
}

/// The hardware threads of the affinity mask, core by core: those of one core share the units that
/// do the arithmetic.
private func allowedCores() -> [[Int]] {
  allowedCPUs().grouped { cpu in
    text(ofFile: "/sys/devices/system/cpu/cpu\(cpu)/topology/thread_siblings_list") ?? "\(cpu)"
  }.map(\.members)
}

/// The hardware threads of the affinity mask.
private func allowedCPUs() -> [Int] {
  let name = "Cpus_allowed_list:"
  let status = text(ofFile: "/proc/self/status") ?? ""
  let line = status.split(separator: "\n").first { $0.hasPrefix(name) } ?? ""
  let ranges = line.dropFirst(name.count).split { $0 == "," || $0 == " " || $0 == "\t" }
  return ranges.flatMap { range in
    let ends = range.split(separator: "-").compactMap { Int($0) }
    return ends.isEmpty ? [] : Array(ends[0]...max(ends[0], ends[ends.count - 1]))
  }
}

/// The limits, in whole cores, of the control groups that this process is in.
private func cpuQuotas() -> [Int] {
  let groups = (text(ofFile: "/proc/self/cgroup") ?? "").split(separator: "\n")
  guard let own = groups.first(where: { $0.hasPrefix("0::") }) else { return [] }
  var path = own.dropFirst(3).split(separator: "/")
  var quotas: [Int] = []
  while true {
    let folder = (["/sys/fs/cgroup"] + path).joined(separator: "/")
    let words = (text(ofFile: folder + "/cpu.max") ?? "").split { $0 == " " || $0 == "\n" }
    let numbers = words.compactMap { Int($0) }
    if words.count == 2, numbers.count == 2, numbers[1] > 0 {
      quotas.append(numbers[0] / numbers[1])
    }
    if path.isEmpty { return quotas }
    path.removeLast()
  }
}
