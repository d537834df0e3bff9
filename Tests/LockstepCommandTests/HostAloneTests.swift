import Foundation
import TestSupport
import Testing

/// Training on several hosts that talk over TCP, and what happens when one is lost.
@Suite(.serialized, .needsHosts) struct HostAloneTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// Trains in the run directory `run`; the event happens after the first step.
  private func train(
    _ options: String, hosts: Int, slots: Int, run: String, event: (HostEvent, host: Int)? = nil
  ) throws -> ProcessRun {
    try runOnHosts(
      hosts, slots: slots, "lockstep",
      "train --quiet --threads 1 --run-dir \(run) \(options)".split(separator: " ")
        .map(String.init),
      event: event.map { ($0.0, $0.host, "\(directory.path)/\(run)/metrics.jsonl") },
      in: directory.path)
  }

  private func trainHere(_ options: String, ranks: Int, run: String) throws {
    try succeeded(
      try lockstep(
        "train --quiet --threads 1 --run-dir \(run) \(options)", ranks: ranks, in: directory))
  }

  /// All weights of a run, one after another: what follows the header of the file.
  private func weights(_ run: String) throws -> [Float] {
    let bytes = try directory.read("\(run)/model.safetensors")
    let header = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    return bytes[(8 + header)...].withUnsafeBytes { bytes in
      (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
  }

  private func expectSameWeights(_ run: String, _ other: String) throws {
    let pairs = matched(try weights(run), try weights(other))
    let far = pairs.filter { !(abs($0 - $1) <= 1e-5 * (1 + abs($1))) }
    #expect(far.isEmpty, "\(run), \(other): \(far.count), such as \(far.prefix(3))")
  }

  /// Otherwise everything else would be tested on one.
  @Test func ranksAreOnTheirHosts() throws {
    let job = try runOnHosts(3, slots: 2, "/bin/hostname", [], in: directory.path)
    let names = try succeeded(job).split(whereSeparator: \.isWhitespace).sorted()
    #expect(names == ["node1", "node1", "node2", "node2", "node3", "node3"])
  }

  @Test(arguments: [(2, 2), (3, 1)])
  func trainsAsOnOneHost(_ hosts: Int, _ slots: Int) throws {
    try succeeded(try train("--steps 30", hosts: hosts, slots: slots, run: "hosts"))
    try trainHere("--steps 30", ranks: hosts * slots, run: "here")
    try expectSameWeights("hosts", "here")
  }

  @Test(arguments: [(2, 2), (3, 1)])
  func reproducibleTrainingHasTheSameBytes(_ hosts: Int, _ slots: Int) throws {
    let options = "--steps 30 --reproducible --micro-batches 5"
    try succeeded(try train(options, hosts: hosts, slots: slots, run: "hosts"))
    try trainHere(options, ranks: 1, run: "here")
    let isSame =
      try directory.read("hosts/model.safetensors") == directory.read("here/model.safetensors")
    #expect(isSame)
  }

  /// Float16 sums over TCP, in messages among all ranks.
  @Test func halvesAreRoundedOnce() throws {
    let job = try runOnHosts(
      2, slots: 2, "MPIChecks", ["allReduce", "narrowSums"], in: directory.path)
    let passed = try succeeded(job).split(separator: "\n").filter { $0.hasSuffix(" narrowSums") }
    #expect(passed.count == 4, "\(job.output)")
  }

  /// What travels when makes no difference to any bit, and neither does who keeps the optimiser's
  /// state; gradients rounded on the wire do.
  @Test func bitsDoNotDependOnHowGradientsTravel() throws {
    func weights(_ options: String, _ run: String) throws -> [UInt8] {
      try succeeded(try train("--steps 40 " + options, hosts: 2, slots: 2, run: run))
      return try directory.read("\(run)/model.safetensors")
    }
    let off = try weights("--overlap off", "off")
    #expect(try weights("--overlap on", "on") == off)
    #expect(try weights("--overlap auto", "auto") == off)
    #expect(try weights("--shard-optimizer", "sharded") == off)
    #expect(try weights("--wire float32", "wide") == off)
    #expect(try weights("--wire float16", "narrow") != off)
  }

  /// The link is slow from the start: every message of a step is longer than what it lets pass at
  /// once, so it must have held some back.
  @Test func slowLinkOnlyCostsTime() throws {
    let options = "train --quiet --threads 1 --run-dir slow --steps 40"
    let atOnce = try directory.write([1], to: "at-once")
    let job = try runOnHosts(
      2, slots: 2, "lockstep", options.split(separator: " ").map(String.init),
      event: (.slow, 2, atOnce), in: directory.path)
    try succeeded(job)
    let line = job.errors(startingWith: "the slow link held back ").first ?? ""
    let heldBack = line.split(separator: " ").compactMap { Int($0) }.first ?? 0
    #expect(heldBack > 0, "\(job.errors)")
    try trainHere("--steps 40", ranks: 4, run: "here")
    try expectSameWeights("slow", "here")
  }

  /// On both sides of the cut ranks end themselves, and the launchers, which would wait for each
  /// other for a quarter of an hour.
  @Test func cutLinkEndsTheJob() throws {
    let options = "--steps 100000 --warn-after 0 --abort-after 4"
    let job = try train(options, hosts: 2, slots: 2, run: "cut", event: (.cut, host: 2))
    #expect(job.status != 0)
    try expectEnd(of: job, within: tenTimes(6))
    let lines = job.errors(startingWith: "error: rank ")
    #expect(!lines.isEmpty)
    for line in lines {
      #expect(line.contains("waited longer than the limit of 4.0 s: "), "\(line)")
      // The cut may come before the hosts have heard of each other.
      let isLost = line.contains(" s ago (stopped or cut off)")
      #expect(isLost || line.contains("2 rank(s) on other hosts are not seen"), "\(line)")
    }
  }

  @Test func lostDaemonEndsTheJob() throws {
    let job = try train(
      "--steps 100000", hosts: 2, slots: 2, run: "kill", event: (.kill, host: 2))
    #expect(job.status != 0)
    try expectEnd(of: job, within: tenTimes(1))
  }

  /// Expects that the launcher, the daemons and all ranks were gone so many seconds after the event.
  private func expectEnd(
    of job: ProcessRun, within limit: Double, at location: SourceLocation = #_sourceLocation
  ) throws {
    let line = job.errors.last { $0.hasPrefix("after ") } ?? ""
    let times = line.split { $0 == " " || $0 == "," }.compactMap { Double($0) }
    try #require(times.count == 2, "\(job.errors)", sourceLocation: location)
    #expect(times.allSatisfy { $0 < limit }, "\(line)", sourceLocation: location)
  }
}
