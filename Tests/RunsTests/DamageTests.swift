import Glibc
import Lockstep
import TestSupport
import Testing

/// Checkpoints that are not as they were written.
struct DamageTests {
  private let directory: TemporaryDirectory
  private static let setting = Setting(name: "", saving: .every(steps: 4))

  init() throws { directory = try TemporaryDirectory() }

  /// What a run says that goes on in the directory, without taking a step; the step that it is at.
  private func resume() throws -> (said: [String], step: Int) {
    let said = Locked<[String]>([])
    let run = try Run(
      in: directory.path, over: SoloCommunicator(),
      saying: { text in said.withLock { $0.append(text) } })
    let model = SmallNet()
    run.keep(model)
    try run.begin()
    return (said.withLock { $0 }, run.step)
  }

  /// Saves a model alone at the steps 1, 2 and 3.
  private func save() throws -> SmallNet {
    let model = SmallNet()
    let run = try Run(
      in: directory.path, over: SoloCommunicator(), saving: .every(steps: 1), saying: { _ in })
    run.keep(model)
    try run.begin()
    for _ in 1...3 { try run.stepped() }
    return model
  }

  private func path(_ step: Int, _ file: String) -> String {
    "checkpoints/\(CheckpointName(step: step))/\(file)"
  }

  @Test func theNewestIsTaken() throws {
    _ = try save()
    #expect(try resume().step == 3)
  }

  /// Any flipped bit, in any file of it.
  @Test func flippedBitsAreNoticed() throws {
    _ = try save()
    var random = SplitMix64(state: 17)
    let files = ["model.safetensors", "state.json", "manifest.json"]
    for trial in 0..<1000 {
      let file = path(3, files[trial % 3])
      let bytes = try directory.read(file)
      var damaged = bytes
      damaged[Int(random.next(below: UInt64(bytes.count)))] ^= 1 << UInt8(random.next(below: 8))
      try directory.write(damaged, to: file)
      #expect(
        throws: UnsoundCheckpoint.self, "trial \(trial), \(file)"
      ) { try SoundCheckpoint(CheckpointName(step: 3), in: directory.path + "/checkpoints") }
      try directory.write(bytes, to: file)
    }
    #expect(try resume().step == 3)
  }

  @Test(arguments: ["model.safetensors", "state.json", "manifest.json"])
  func theOneBeforeIsTakenInstead(_ file: String) throws {
    _ = try save()
    try directory.write(try directory.read(path(3, file)).dropLast(), to: path(3, file))
    let (said, step) = try resume()
    #expect(step == 2)
    #expect(said.count == 2)
    #expect(said[0].hasPrefix("skips \(directory.path)/checkpoints/step-00000003: \(file)"))
    #expect(said[1].hasPrefix("goes on from \(directory.path)/checkpoints/step-00000002: step 2"))
    // It is out of the way, and not lost.
    #expect(directory.list("checkpoints").contains("step-00000003.unsound"))
  }

  @Test func aFileThatIsMissingIsNoticed() throws {
    _ = try save()
    directory.remove(path(3, "model.safetensors"))
    #expect(try resume().step == 2)
  }

  @Test func whereNoneIsSoundNothingBeginsAnew() throws {
    _ = try save()
    for step in 1...3 { try directory.write([], to: path(step, "manifest.json")) }
    let error = #expect(throws: RunDirectoryError.self) { try resume() }
    #expect(error?.exitCode == .badData)
    #expect(
      error?.description.contains("is sound: step-00000003: manifest.json") == true,
      "\(error?.description ?? "")")
  }

  @Test func anotherLayoutIsRefusedByName() throws {
    _ = try save()
    let text = String(decoding: try directory.read(path(3, "manifest.json")), as: UTF8.self)
    let newer = text.replacing("\"format\":1", with: "\"format\":2")
    try directory.write(Array(newer.utf8), to: path(3, "manifest.json"))
    let said = try resume().said
    #expect(
      said.first?.hasSuffix(
        "manifest.json: the checkpoint has the layout 2, and this version reads layout 1; use the "
          + "version that wrote it") == true, "\(said)")
  }

  @Test func aCheckpointOfAnotherModelIsRefusedAndNothingChanges() throws {
    _ = try save()
    let run = try Run(in: directory.path, over: SoloCommunicator(), saying: { _ in })
    let other = Linear(6, 4)
    let before = other.weight.array(of: Float.self)
    run.keep(other)
    let error = #expect(throws: CheckpointError.self) { try run.begin() }
    #expect(error?.exitCode == .badData)
    #expect(other.weight.array(of: Float.self) == before)
    #expect(run.step == 0)
  }

  /// Of several things that are kept one does not fit: none of them changes.
  @Test func aMisfitLeavesNoHalfState() throws {
    _ = train(Setting(name: ""), in: directory.path, stopAfter: 8)
    let model = SmallNet()
    let before = model.first.weight.array(of: Float.self)
    let run = try Run(in: directory.path, over: SoloCommunicator(), saying: { _ in })
    run.keep(model)
    run.keep(SGD(model.parameters(), learningRate: 0.1, momentum: 0.9))
    run.keep(GradientScaler())
    run.keep(Generator(seed: 5), as: "noise")
    let error = #expect(throws: (any Error).self) { try run.begin() }
    #expect(error?.report.contains("which this program does not keep") == true, "\(error!)")
    #expect(model.first.weight.array(of: Float.self) == before)
  }

  @Test func whatIsKeptMustBeThere() throws {
    _ = try save()
    let run = try Run(in: directory.path, over: SoloCommunicator(), saying: { _ in })
    run.keep(SmallNet())
    _ = run.kept(1, as: "samples")
    let error = #expect(throws: (any Error).self) { try run.begin() }
    #expect(
      error?.report
        == "\(directory.path)/checkpoints/step-00000003: it does not have \"samples\", which this program "
        + "keeps; go on with the program that wrote it, or begin a new run")
  }
}
