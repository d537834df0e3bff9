import Diagnostics
import Glibc
import Synchronization

/// What one rank is doing, as read from its record.
struct Activity {
  /// What it is doing.
  enum Kind: Hashable {
    case waiting(String)
    case inPhase(String, step: UInt64)
    case outside
    case leaving
  }

  let rank: Int
  let kind: Kind
  /// Where in the user's program; nil where there is nothing to name.
  let site: CallSite?
  /// The line of `site`.
  var line: String?
  let seconds: Double
  /// Such as ", stopped by a signal"; empty for a process that runs or sleeps.
  let process: String

  /// What the `record` of a rank and its collectives show at the moment `now`, in nanoseconds.
  init(_ record: UnsafeMutablePointer<RankRecord>, _ ring: CollectiveRing, _ now: UInt64) {
    rank = record.pointee.rank
    process = processState(record.pointee.process)
    let awaited = record.pointee.awaited.load(ordering: .acquiring)
    let entered = record.pointee.entered.load(ordering: .acquiring)
    let distance = CallSite.origin &- record.pointee.origin
    let began: UInt64
    switch RankRecord.Stage(rawValue: record.pointee.stage.load(ordering: .acquiring)) {
    case .leaving:
      (kind, site) = (.leaving, nil)
      began = record.pointee.stageBegan.load(ordering: .relaxed)
    case .inBody where awaited > 0:
      kind = .waiting("a barrier in shared memory")
      site = record.pointee.awaitedAt.moved(by: distance)
      began = record.pointee.awaitedSince.load(ordering: .relaxed)
    case .inBody where entered > record.pointee.completed.load(ordering: .acquiring):
      let call = ring.call(entered)
      kind = .waiting("\(call?.description ?? "collective") (collective \(entered))")
      site = ring.site(entered).moved(by: distance)
      let first = record.pointee.waitBegan.load(ordering: .relaxed)
      began = first == 0 ? now : first
    case .inBody:
      let name = record.pointee.phaseName
      let bytes = (0..<name.count).lazy.map { name[$0] }.prefix { $0 != 0 }
      kind = .inPhase(
        String(decoding: Array(bytes), as: UTF8.self),
        step: record.pointee.step.load(ordering: .relaxed))
      site = record.pointee.phaseAt.moved(by: distance)
      began = record.pointee.phaseBegan.load(ordering: .relaxed)
    case .outside, nil:
      (kind, site) = (.outside, nil)
      began = record.pointee.stageBegan.load(ordering: .relaxed)
    }
    seconds = Double(now &- Swift.min(began, now)) * 1e-9
  }

  var isWaiting: Bool { if case .waiting = kind { true } else { false } }

  /// What several ranks do together: "ranks 0-2 wait in barrier (collective 12) for 30 s, A.swift:7".
  static func sentence(_ together: [Activity]) -> String {
    let one = together.count == 1
    let first = together[0]
    let doing =
      switch first.kind {
      case .waiting(let place): "\(one ? "waits" : "wait") in \(place) for"
      case .inPhase(let name, step: 0): "\(one ? "is" : "are") in \(name) for"
      case .inPhase(let name, let step): "\(one ? "is" : "are") in \(name) of step \(step) for"
      case .outside: "\(one ? "has" : "have") been outside of withCommunicator for"
      case .leaving: "\(one ? "has" : "have") been leaving MPI for"
      }
    let seconds = together.map(\.seconds).max() ?? 0
    let place = first.line.map { ", \($0)" } ?? ""
    return
      "\(rankList(together.map(\.rank))) \(doing) \(duration(seconds))\(place)\(first.process)"
  }
}

/// `rank 3`, or `ranks 0-2, 5`.
package func rankList(_ ranks: [Int]) -> String {
  var runs: [ClosedRange<Int>] = []
  for rank in ranks.sorted() {
    if let last = runs.last, last.upperBound + 1 == rank {
      runs[runs.count - 1] = last.lowerBound...rank
    } else {
      runs.append(rank...rank)
    }
  }
  let text = runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
  return (ranks.count == 1 ? "rank " : "ranks ") + text.joined(separator: ", ")
}

/// `41 s`; below ten seconds `4.1 s`.
func duration(_ seconds: Double) -> String {
  seconds < 9.95
    ? "\((seconds * 10).rounded() / 10) s" : "\(Int(seconds.rounded())) s"
}

/// What keeps a process of this host from running, to be added to a sentence.
private func processState(_ process: pid_t) -> String {
  guard let file = fopen("/proc/\(process)/stat", "r") else { return "; its process is gone" }
  defer { fclose(file) }
  return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { text in
    guard let start = text.baseAddress, fgets(start, 256, file) != nil,
      let name = strrchr(start, Int32(UInt8(ascii: ")")))  // which may hold anything
    else { return "" }
    return switch UInt8(bitPattern: name[2]) {
    case UInt8(ascii: "T"), UInt8(ascii: "t"): "; its process is stopped (SIGSTOP or a debugger)"
    case UInt8(ascii: "Z"), UInt8(ascii: "X"): "; its process is dead"
    case UInt8(ascii: "D"): "; its process waits for a disk or file server"
    default: ""
    }
  }
}
