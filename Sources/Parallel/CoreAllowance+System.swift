import CRuntime
import Glibc
import Support

extension CoreAllowance {
  /// What the system allows this process now.
  ///
  /// - Parameters:
  ///   - read: the text of a file of `/proc` or `/sys`; nil where there is none.
  ///   - identity: a number that names the folder of a control group.
  package static func current(
    read: (String) -> String? = text(ofFile:), identity: (String) -> Int = fileNumber
  ) -> CoreAllowance {
    var cores = allowedCores(read)
    if cores.isEmpty {
      cores = (0..<Int(max(1, lk_available_cores()))).map { Core(number: $0, threads: [$0]) }
    }
    let quotas = groupFolders(read).compactMap { folder in
      limit(ofGroup: folder, read).map { Quota(group: identity(folder), cores: $0) }
    }
    return CoreAllowance(cores: cores, quotas: quotas)
  }

  /// The numbers that a list of the kernel, such as `0-3,8`, has.
  package static func numbers(ofList list: some StringProtocol) -> [Int] {
    list.split { $0 == "," || $0.isWhitespace }.flatMap { range in
      let ends = range.split(separator: "-").compactMap { Int($0) }
      return ends.isEmpty ? [] : Array(ends[0]...max(ends[0], ends[ends.count - 1]))
    }
  }

  /// The affinity mask of this process as the kernel writes it: `0-3,8`; nil: it does not say.
  ///
  /// - Parameter read: the text of a file of `/proc`; nil where there is none.
  package static func maskList(_ read: (String) -> String? = text(ofFile:)) -> String? {
    let name = "Cpus_allowed_list:"
    let lines = (read("/proc/self/status") ?? "").split(separator: "\n")
    let line = lines.first { $0.hasPrefix(name) }
    return line.map { $0.dropFirst(name.count).filter { !$0.isWhitespace } }
  }

  private static func allowedCores(_ read: (String) -> String?) -> [Core] {
    let mask = numbers(ofList: maskList(read) ?? "")
    let allowed = Set(mask)
    var cores: [Core] = []
    var seen: Set<Int> = []
    for thread in mask where !seen.contains(thread) {
      let path = "/sys/devices/system/cpu/cpu\(thread)/topology/thread_siblings_list"
      let found = numbers(ofList: read(path) ?? "")
      let siblings = found.contains(thread) ? found : [thread]
      seen.formUnion(siblings)
      cores.append(
        Core(number: siblings.min() ?? thread, threads: siblings.filter(allowed.contains).sorted()))
    }
    return cores
  }

  /// The folders of all control groups that may limit this process's time, from the inside out: of
  /// version 2, and of version 1, which names the controllers.
  private static func groupFolders(_ read: (String) -> String?) -> [String] {
    (read("/proc/self/cgroup") ?? "").split(separator: "\n").flatMap { line -> [String] in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return [] }
      let isVersion2 = parts[0] == "0" && parts[1].isEmpty
      guard isVersion2 || parts[1].split(separator: ",").contains("cpu") else { return [] }
      let root = isVersion2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu"
      let names = parts[2].split(separator: "/")
      return (0...names.count).reversed().map { count in
        ([root] + names[..<count].map(String.init)).joined(separator: "/")
      }
    }
  }

  /// How many cores' time a control group may use; nil where it has no limit.
  private static func limit(ofGroup folder: String, _ read: (String) -> String?) -> Double? {
    func numbers(_ name: String) -> [Double] {
      (read(folder + "/" + name) ?? "").split(whereSeparator: \.isWhitespace).compactMap {
        Double($0)
      }
    }
    let both = numbers("cpu.max")
    let quota = both.count == 2 ? both : numbers("cpu.cfs_quota_us") + numbers("cpu.cfs_period_us")
    guard quota.count == 2, quota[0] > 0, quota[1] > 0 else { return nil }
    return quota[0] / quota[1]
  }
}

/// The number of the file at `path`, which no other file of its file system has; 0: there is none.
package func fileNumber(_ path: String) -> Int {
  var status = stat()
  return stat(path, &status) == 0 ? Int(status.st_ino) : 0
}
