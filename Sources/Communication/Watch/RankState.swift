import Diagnostics
import Glibc
import Support
import Synchronization

/// What one rank was doing at one moment, in terms that its other processes and hosts understand.
///
/// It is sent between hosts as it lies in memory, so any bits are a value of it. Call sites are
/// relative to `CallSite.origin`: all ranks run the same program.
struct RankState: BitwiseCopyable {
  /// How far it has come in one lane.
  struct Progress: BitwiseCopyable {
    /// The number of the collective that it entered last.
    var entered: UInt64 = 0
    /// What it passed to the collective that it is in: `CollectiveCall.word`; 0: it is in none.
    var word: UInt64 = 0
  }

  /// The collective of a part of the ranks that it is in.
  struct PartCall: BitwiseCopyable {
    /// As in `PartRecord`; the word is 0 where it is in none.
    var word: UInt64 = 0
    var number: UInt64 = 0
    var part: UInt64 = 0
  }

  /// Its number in the job.
  var rank: Int32
  /// The raw value of its `RankRecord.Stage`.
  var stage: UInt32
  /// The rank that it waits for in a shared window; -1: for none.
  var awaited: Int32 = -1
  /// 1 where it has been in this wait for several looks of its watchdog, the last of them just now.
  var isSettled: UInt8 = 0
  /// The letter of the process's state in /proc; 0: not asked for, 1: there is no such process.
  var process: UInt8 = 0
  var world = Progress()
  var acrossHosts = Progress()
  var partCall = PartCall()
  /// Nanoseconds that it has been doing so.
  var age: UInt64 = 0
  /// Nanoseconds since its watchdog last looked.
  var idle: UInt64
  /// Nanoseconds that it has been waiting for a disk or file server; 0: it is not.
  var storage: UInt64 = 0
  var step: UInt64
  /// UTF-8, up to the first 0.
  var phaseName: InlineArray<32, UInt8>
  var site = CallSite()

  /// Looks at the `record` of a rank of the host that has `board`, at the moment `now`, by the clock
  /// of the host.
  init(_ localRank: Int, on board: HostBoard, at now: UInt64) {
    let record = board.records[localRank]
    rank = Int32(truncatingIfNeeded: record.pointee.rank)
    stage = record.pointee.stage.load(ordering: .acquiring)
    step = record.pointee.step.load(ordering: .relaxed)
    phaseName = record.pointee.phaseName
    let looked = record.pointee.looked.load(ordering: .acquiring)
    idle = now &- Swift.min(looked, now)
    let storageSince = record.pointee.storageSince.load(ordering: .relaxed)
    if storageSince > 0 { storage = Swift.max(1, now &- Swift.min(storageSince, now)) }
    let isInBody = stage == RankRecord.Stage.inBody.rawValue
    let phaseBegan = record.pointee.phaseBegan.load(ordering: .relaxed)
    var began =
      isInBody ? phaseBegan : record.pointee.stageBegan.load(ordering: .relaxed)
    site = record.pointee.phaseAt
    if isInBody, record.pointee.part.serial.load(ordering: .acquiring) > 0 {
      partCall = PartCall(
        word: record.pointee.part.word.load(ordering: .acquiring),
        number: record.pointee.part.number.load(ordering: .acquiring),
        part: record.pointee.part.part.load(ordering: .acquiring))
      site = record.pointee.partAt
      let first = record.pointee.part.waitBegan.load(ordering: .relaxed)
      // What its watchdog has not seen began after it looked.
      began = first == 0 ? Swift.min(looked, now) : first
    }
    for lane in Lane.allCases.reversed() {
      let ring = board.ring(lane, localRank)
      let entered = record.pointee.lanes[lane.rawValue].entered.load(ordering: .acquiring)
      let completed = record.pointee.lanes[lane.rawValue].completed.load(ordering: .acquiring)
      self[lane].entered = entered
      guard isInBody, completed < entered, let entry = ring.entry(entered) else { continue }
      self[lane].word = entry.word
      site = entry.site
      let first = record.pointee.lanes[lane.rawValue].waitBegan.load(ordering: .relaxed)
      // What its watchdog has not seen began after it looked.
      began = first == 0 ? Swift.min(looked, now) : first
    }
    let awaited = Int(record.pointee.awaited.load(ordering: .acquiring)) - 1
    if isInBody, awaited >= 0 {
      self.awaited = Int32(truncatingIfNeeded: board.records[awaited].pointee.rank)
      site = record.pointee.awaitedAt
      began = record.pointee.awaitedSince.load(ordering: .relaxed)
    }
    age = now &- Swift.min(began, now)
    site = site.moved(by: 0 &- record.pointee.origin)
    if isWaiting, record.pointee.looksInWait.load(ordering: .relaxed) >= 3 { isSettled = 1 }
  }

  /// Asks the system for the state of the rank's process, which must be of this host.
  mutating func askForProcess(_ id: pid_t) { process = processLetter(id) }

  subscript(lane: Lane) -> Progress {
    get { lane == .world ? world : acrossHosts }
    set { if lane == .world { world = newValue } else { acrossHosts = newValue } }
  }

  /// Whether it waits for other ranks.
  var isWaiting: Bool {
    awaited >= 0 || world.word != 0 || acrossHosts.word != 0 || partCall.word != 0
  }

  /// Whether it is leaving MPI, and enters nothing any more.
  var isLeaving: Bool { stage == RankRecord.Stage.leaving.rawValue }

  /// Whether MPI has let it go.
  var hasLeft: Bool { stage == RankRecord.Stage.left.rawValue }

  /// Whether its process has ended.
  var isGone: Bool { [1, UInt8(ascii: "Z"), UInt8(ascii: "X")].contains(process) }

  /// Whether something keeps its process from running.
  var isStopped: Bool {
    isGone || [UInt8(ascii: "T"), UInt8(ascii: "t")].contains(process)
  }

  /// `phase`, to be added to what the rank calls: before its first phase there is nothing to add.
  var phaseOfCall: String? { phase == "\(Phase.setUp.name)" ? nil : phase }

  /// "the forward pass of step 7"; nil before the first phase is noted.
  var phase: String? {
    let name = String(
      decoding: (0..<phaseName.count).lazy.map { phaseName[$0] }.prefix { $0 != 0 }, as: UTF8.self)
    return name.isEmpty ? nil : step == 0 ? name : "\(name) of step \(step)"
  }
}

/// The letter that stands for the state of a process of this host, as in `RankState.process`.
func processLetter(_ process: pid_t) -> UInt8 {
  guard let line = text(ofFile: "/proc/\(process)/stat")?.utf8 else { return 1 }
  // Behind the name, which may hold anything.
  guard let end = line.lastIndex(of: UInt8(ascii: ")")) else { return 0 }
  return line[end...].dropFirst(2).first ?? 0
}
