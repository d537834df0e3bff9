import Lockstep
import Parallel
import Support
import TestSupport
import Testing

/// A disk that stalls does not stall the ranks, until the next checkpoint is due.
struct SlowDiskTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// A disk on which nothing can be written until it `isOpen`.
  private final class Disk: Sendable {
    let isOpen = Locked(false)
    let waits = Locked(false)

    func write() {
      waits.withLock { $0 = true }
      _ = waitUntil { isOpen.withLock { $0 } }
    }
  }

  /// A run over one parameter that takes no time.
  private func run(
    on disk: Disk, every steps: Int, over world: any Communicator, sharded: Bool = false
  ) throws -> (run: Run, step: () throws -> Void) {
    let model = Linear(4, 3)
    model.averageGradients(over: world)
    let optimizer = AdamW(model.parameters(), learningRate: 0.1)
    if sharded { optimizer.shardState(over: world) }
    let store = CheckpointStore(run: directory.path) { _ in disk.write() }
    let run = try Run(store, over: world, .every(steps: steps), saying: { _ in })
    run.keep(model)
    run.keep(optimizer)
    try run.begin()
    return (
      run,
      {
        optimizer.zeroGrad()
        model(Tensor.ones([2, 4])).sum().backward()
        optimizer.step()
        try run.stepped()
      }
    )
  }

  @Test(arguments: [false, true]) func stepsGoOnWhileACheckpointIsWritten(_ sharded: Bool) {
    let disk = Disk()
    let path = directory.path
    let steps = withThreadRanks(2) { world -> Int in
      let (run, step) = try self.run(on: disk, every: 10, over: world, sharded: sharded)
      for _ in 0..<10 { try step() }
      check(world.rank != 0 || waitUntil { disk.waits.withLock { $0 } }, "nothing is written")
      // Nine more steps, and the disk has not taken a byte.
      for _ in 0..<9 { try step() }
      let reached = run.step
      world.barrier()
      check(try CheckpointStore(run: path).names().isEmpty, "a checkpoint has come about")
      world.barrier()
      disk.isOpen.withLock { $0 = true }
      try step()
      try run.finish()
      return reached
    }
    #expect(steps == [19, 19])
    #expect(directory.list("checkpoints").filter { $0 != "latest" }.count == 3)
  }

  /// Where ranks have parts of the state: what cannot be saved costs a checkpoint, not the run.
  @Test func stepsGoOnWhereThereIsNoPlaceForACheckpoint() {
    let disk = Disk()
    disk.isOpen.withLock { $0 = true }
    let path = directory.path
    let steps = withThreadRanks(2) { world -> Int in
      let (run, step) = try self.run(on: disk, every: 2, over: world, sharded: true)
      try step()
      world.barrier()
      try world.onRoot {
        removeDirectory(path + "/checkpoints")
        try AtomicFile(path + "/checkpoints").commit()
      }
      world.barrier()
      for _ in 0..<3 { try step() }
      let reached = run.step
      world.barrier()
      try world.onRoot { try removeFile(path + "/checkpoints") }
      world.barrier()
      try run.finish()
      return reached
    }
    #expect(steps == [4, 4])
    #expect(directory.list("checkpoints") == ["latest", "step-00000004"])
  }
}
