import Communication
import Diagnostics
import Elements
import Synchronization

let collectiveChecks = [
  NamedCheck("allReduce") { world in
    for length in [0, 1, 7, 100_003] { checkAllReduce(world, length) }
  },
  NamedCheck("narrowSums") { world in
    for length in [1, 7, 1024, 5003] { checkNarrowSums(world, length) }
  },
  NamedCheck("broadcast") { world in
    for length in [0, 1, 7, 100_003] { checkBroadcast(world, length) }
  },
  NamedCheck("allGather") { world in
    for length in [0, 1, 7, 100_003] { checkAllGather(world, length) }
  },
  NamedCheck("gather", checkGather),
  NamedCheck("barrier", checkBarrier),
  NamedCheck("sharedWindow") { world in
    for length in [1, 64, 100_003] { checkSharedWindow(world, length) }
  },
  NamedCheck("chunks") { world in
    #if MPI
    guard let mpi = world as? MPICommunicator else { stop("chunks: started without mpirun") }
    mpi.chunk.store(1000, ordering: .relaxed)
    #endif
    for length in [999, 1000, 1001, 3500] {
      checkAllReduce(world, length)
      checkBroadcast(world, length)
      checkAllGather(world, length)
    }
  },
]

/// A number that looks random and is the same wherever it is computed.
private func pattern(_ rank: Int, _ index: Int) -> Int { (index * 31 + rank * 57) % 101 }

/// Values are chosen so that a wrong element type shows: beyond 24 bits, negative, above
/// `Int64.max`.
private func checkAllReduce(_ world: any Communicator, _ length: Int) {
  checkAllReduce(world, length, +) { Float($0) * 0.5 }
  checkAllReduce(world, length, +) { Float16($0) * 0.5 }
  checkAllReduce(world, length, +) { Double($0) + 0x1p40 }
  checkAllReduce(world, length, &+) { Int32($0) - 50 }
  checkAllReduce(world, length, &+) { Int64($0 - 50) * 0x1_0000_0001 }
  checkAllReduce(world, length, &+) { UInt64(Int64.max) - 50 + UInt64($0) }
}

private func checkAllReduce<Element: Reducible & Comparable>(
  _ world: any Communicator, _ length: Int, _ add: @escaping (Element, Element) -> Element,
  _ element: (Int) -> Element
) {
  for operation in ReductionOperation.allCases {
    let combine: (Element, Element) -> Element =
      switch operation {
      case .sum: add
      case .minimum: { min($0, $1) }
      case .maximum: { max($0, $1) }
      }
    var values = (0..<length).map { element(pattern(world.rank, $0)) }
    values.withUnsafeMutableBufferPointer { world.allReduce($0, operation) }
    for (index, value) in values.enumerated() {
      let others = (1..<world.size).map { element(pattern($0, index)) }
      let expected = others.reduce(element(pattern(0, index)), combine)
      check(
        value == expected,
        "allReduce \(operation) of \(Element.self): element \(index) of \(length) is \(value), "
          + "expected \(expected)")
    }
  }
}

/// Sums of numbers with all the bits of a narrow type, of different weight, which Float32 holds
/// exactly: they are those of Float64, rounded once. Rounded at every hop, many would be others.
private func checkNarrowSums(_ world: any Communicator, _ length: Int) {
  checkNarrowSums(world, length, Float16.self, one: 1024)
  checkNarrowSums(world, length, BFloat16.self, one: 128)
}

private func checkNarrowSums<Element: Reducible & TensorElement>(
  _ world: any Communicator, _ length: Int, _: Element.Type, one: Int
) {
  func value(_ rank: Int, _ index: Int) -> Element {
    let significand = Double(one + index * 37 % one + rank)
    return Element(number: significand * [0.125, 0.25, 0.5, 1][(rank + index) % 4])
  }
  var values = (0..<length).map { value(world.rank, $0) }
  values.withUnsafeMutableBufferPointer { world.allReduce($0, .sum) }
  var others = 0
  for (index, found) in values.enumerated() {
    let terms = (0..<world.size).map { value($0, index).number }
    let expected = Element(number: terms.reduce(0, +))
    let hops = terms.reduce(Element(number: 0)) { Element(number: $0.number + $1) }
    if hops != expected { others += 1 }
    check(found == expected, "narrowSums: \(terms) add up to \(expected), and not to \(found)")
  }
  check(
    world.size < 3 || length < 100 || others > length / 20,
    "narrowSums: \(others) of \(length) sums show whether they were rounded at every hop")
}

/// Blocks begin on cache lines, are zero at first, and are seen by all ranks of the host.
private func checkSharedWindow(_ world: any Communicator, _ length: Int) {
  guard let window = world.makeSharedWindow(byteCount: length) else {
    return check(world.size == 1, "sharedWindow: none")
  }
  check(window.parts.count == world.localSize, "sharedWindow: \(window.parts.count) blocks")
  for (rank, part) in window.parts.enumerated() {
    check(
      part.alignedUp(toMultipleOf: 64) == part, "sharedWindow: block \(rank) begins at \(part)")
  }
  let own = UnsafeMutableRawBufferPointer(start: window.parts[world.localRank], count: length)
  check(own.allSatisfy { $0 == 0 }, "sharedWindow: not zero at first")
  own.copyBytes(from: bytes(of: world.localRank, length))
  window.barrier()
  for (rank, part) in window.parts.enumerated() {
    let found = UnsafeRawBufferPointer(start: part, count: length)
    check(found.elementsEqual(bytes(of: rank, length)), "sharedWindow: block \(rank) differs")
  }
}

private func bytes(of rank: Int, _ length: Int) -> [UInt8] {
  (0..<length).map { UInt8(pattern(rank, $0)) }
}

private func checkBroadcast(_ world: any Communicator, _ length: Int) {
  for root in 0..<world.size {
    var data = bytes(of: world.rank, length)
    data.withUnsafeMutableBytes { world.broadcast($0, from: root) }
    check(
      data == bytes(of: root, length), "broadcast: \(length) bytes are not those of root \(root)")
  }
}

private func checkAllGather(_ world: any Communicator, _ length: Int) {
  let data = bytes(of: world.rank, length)
  var joined = [UInt8](repeating: 0xff, count: length * world.size)
  data.withUnsafeBytes { data in
    joined.withUnsafeMutableBytes { world.allGather(data, into: $0) }
  }
  check(
    joined == (0..<world.size).flatMap { bytes(of: $0, length) },
    "allGather: \(length) bytes of each rank are not joined in rank order")
}

private func checkGather(_ world: any Communicator) {
  // Rank 0's text is empty, and the others' differ in length and are not ASCII.
  let texts = world.gather(String(repeating: "é\(world.rank)", count: world.rank))
  let expected = (0..<world.size).map { String(repeating: "é\($0)", count: $0) }
  check(texts == expected, "gather: \(texts), expected \(expected)")

  let sums = world.sum([1, Double(world.rank)])
  let ranks = Double(world.size)
  check(sums == [ranks, ranks * (ranks - 1) / 2], "sum: \(sums)")
  check(world.sum([]).isEmpty, "sum: of nothing is something")
  check(world.maximum(Int64(world.rank)) == Int64(world.size - 1), "maximum of the ranks")
  check(world.minimum(Float(-world.rank)) == Float(1 - world.size), "minimum of minus the ranks")
}

/// No rank leaves a barrier before the last one, which is late, enters it: each counts before it
/// in memory that all see.
private func checkBarrier(_ world: any Communicator) {
  guard let window = world.makeSharedWindow(byteCount: 8) else {
    check(world.size == 1, "barrier: no shared window")
    return world.barrier()
  }
  let rounds = window.parts.map { $0.assumingMemoryBound(to: Atomic<Int>.self) }
  for round in 1...50 {
    if round % world.size == world.rank { pause(milliseconds: 1) }
    rounds[world.localRank].pointee.store(round, ordering: .relaxed)
    world.barrier()
    let entered = rounds.map { $0.pointee.load(ordering: .relaxed) }
    check(
      entered.allSatisfy { $0 >= round },
      "barrier: left for the time \(round), when the ranks had entered it \(entered) times")
  }
}
