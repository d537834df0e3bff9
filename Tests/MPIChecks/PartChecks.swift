import Communication
import Diagnostics
import Lockstep

/// What parts of the ranks do, each by itself.
let partChecks = [
  NamedCheck("split", checkSplit),
  NamedCheck("partsByThemselves", checkPartsByThemselves),
  NamedCheck("trainsInParts") { world in
    let group = world.rank % 2
    trainAsAlone(over: world.split(color: group), group: group)
  },
  NamedCheck("waitsOfParts", checkWaits),
  NamedCheck("differInPart") { world in
    let part = world.split(color: world.rank % 2)
    if world.rank % 2 == 1 { part.requireEqual("--seed", "\(world.rank)") }
    world.barrier()
  },
  NamedCheck("driftInPart") { world in
    let part = world.split(color: world.rank % 2)
    let model = Linear(3, 2)
    let reducer = model.averageGradients(over: part)
    if isLast(world) { model.weight.fill(1) }
    if world.rank % 2 == 1 { reducer.requireEqualParameters() }
    world.barrier()
  },
  NamedCheck("hangInPart") { world in
    let part = world.split(color: world.rank % 2)
    if isLast(world) {
      part.note("dreaming")  // dreams in a part
      pauseForEver()
    }
    part.barrier()  // waits in a part
  },
  NamedCheck("hangInWindowOfPart") { world in
    let part = world.split(color: world.rank % 2)
    let window = part.makeSharedWindow(byteCount: 64)
    if isLast(world) {
      world.note("dreaming")  // dreams beside a window
      pauseForEver()
    }
    window?.barrier()  // waits in a window of a part
  },
  NamedCheck("differentTypesInPart") { world in
    let part = world.split(color: world.rank % 2)
    // The ranks of the other part do something else again.
    if isLast(world) {
      odd(part)
    } else if world.rank % 2 == (world.size - 1) % 2 {
      usual(part)
    } else {
      part.barrier()
    }
    pauseForEver()
  },
  NamedCheck("throwInPart") { world in
    let part = world.split(color: world.rank % 2)
    if isLast(world) { throw InjectedFailure() }
    part.barrier()
    world.barrier()
  },
]

/// Parts in the order of their keys, parts of parts, and ranks that are in none.
private func checkSplit(_ world: any Communicator) throws {
  let group = world.rank % 2
  let members = (0..<world.size).filter { $0 % 2 == group }
  let part = world.split(color: group, key: world.size - world.rank)
  check(
    part.size == members.count && members.reversed()[part.rank] == world.rank,
    "rank \(world.rank) is \(part.rank) of \(part.size)")
  check(part.host == world.host && part.localSize <= world.localSize, "the host of the part")
  requireCollectives(of: part, members.reversed(), world)

  let others = world.split(color: world.isRoot ? nil : 0)
  check((others == nil) == world.isRoot, "rank \(world.rank) is in a part: \(others != nil)")
  if let others {
    requireCollectives(of: others, Array(1..<world.size), world)
    let half = others.split(color: others.rank / 2)
    let first = others.rank / 2 * 2 + 1
    requireCollectives(of: half, Array((first..<first + 2).prefix { $0 < world.size }), world)
  }
  requireCollectives(of: world, Array(0..<world.size), world)
}

/// All collectives over `part`, which must reach its `members`, ranks of `world`, and no others.
private func requireCollectives(
  of part: any Communicator, _ members: [Int], _ world: any Communicator
) {
  check(part.gather("\(world.rank)") == members.map { "\($0)" }, "a gather over \(members)")
  check(part.sum([Double(world.rank)]) == [Double(members.reduce(0, +))], "a sum over \(members)")
  check(part.maximum(Int32(world.rank)) == members.max().map { Int32($0) }, "a maximum")
  var rank = world.rank
  withUnsafeMutableBytes(of: &rank) { part.broadcast($0, from: part.size - 1) }
  check(rank == members.last, "rank \(rank) has sent, and not the last of \(members)")
  part.barrier()
  guard let window = part.makeSharedWindow(byteCount: 8) else {
    return check(part.size == 1, "no window of \(part.size) ranks")
  }
  let cells = window.parts.map { $0.assumingMemoryBound(to: Int.self) }
  check(cells.count == part.localSize, "\(cells.count) cells of \(part.localSize) ranks")
  cells[part.localRank].pointee = world.rank
  window.barrier()
  let seen = Set(cells.map(\.pointee))
  check(seen.count == cells.count && seen.isSubset(of: members), "ranks \(seen) in the window")
  window.barrier()
}

/// Parts call different things, and differently often, which nobody is to take for disagreement; and
/// between them all ranks call something together.
private func checkPartsByThemselves(_ world: any Communicator) throws {
  let group = world.rank % 2
  let (part, all) = (world.split(color: group), world.split(color: 0))
  for round in 1...200 {
    for _ in 0..<(group == 0 ? 3 : 1) {
      let sum = part.sum(Array(repeating: 1, count: group + 1))
      check(sum == Array(repeating: Double(part.size), count: group + 1), "round \(round): \(sum)")
    }
    if group == 1 { part.barrier() }
    if round % 10 == 0 { world.barrier() }
    if round % 15 == 0 { check(all.maximum(Int32(round)) == round, "round \(round)") }
  }
}

/// What ranks wait for in a part counts there and in the whole, and what they wait for in the whole does
/// not count in the part.
private func checkWaits(_ world: any Communicator) {
  let part = world.split(color: 0)
  func waited(_ ranks: any Communicator) -> Double { ranks.watch?.waitedSeconds ?? 0 }
  /// Lets the others wait in `window` for the first rank, until it counts for one of `ranks`.
  func wait(in window: SharedWindow?, of ranks: any Communicator) {
    guard let window else { return }
    let before = waited(ranks)
    for round in 0..<100 {
      // Longer and longer: on a busy machine the others need a while to come to their wait.
      if world.isRoot { pause(milliseconds: min(20 << (round / 4), 2000)) }
      window.barrier()
      if world.sum([waited(ranks) - before])[0] > 0 { return }
    }
    check(false, "waits in a window of \(ranks.size) ranks do not count")
  }
  let windows = (world.makeSharedWindow(byteCount: 8), part.makeSharedWindow(byteCount: 8))
  let atFirst = waited(part)
  wait(in: windows.0, of: world)
  let (before, wholeBefore) = (waited(part), waited(world))
  check(before == atFirst, "the part has waited in the window of the whole")
  wait(in: windows.1, of: part)
  let (added, addedToWhole) = (waited(part) - before, waited(world) - wholeBefore)
  check(added == 0 || addedToWhole > 0, "the whole has not waited in the window of the part")
}

/// 50 samples in batches of 24, which leave 2; another model, data and rate for each group.
private func train(over world: any Communicator, group: Int) -> [UInt32] {
  let random = Generator(seed: UInt64(30 + group))
  let data = InMemoryDataset<Float, Int32>(
    inputs: Tensor.normal([50, 20], generator: random).floats, shape: [20],
    labels: Tensor.randomIntegers([50], in: 0..<7, generator: random).array(of: Int32.self))
  let width = 24 + 8 * group
  let model = Sequential(
    Linear(20, width, generator: random), Tanh(), Linear(width, 7, generator: random))
  return trainReproducibly(
    model, on: data, shuffledBy: UInt64(group), learningRate: group == 0 ? 1e-2 : 3e-3, over: world)
}

/// Trains over the ranks of `part`, and once more alone: that must give the same bits.
func trainAsAlone(over part: any Communicator, group: Int) {
  let together = train(over: part, group: group)
  let alone = train(over: SoloCommunicator(), group: group)
  let different = zip(together, alone).count { $0 != $1 }
  check(
    together.count == alone.count && different == 0,
    "group \(group): \(different) of \(alone.count) weights are not those of a run alone")
}
