package import Diagnostics
import Elements
import Glibc
package import Steps

/// One of several ranks that are threads of this process; for tests of what ranks do together.
///
/// The thread makes its communicator itself and keeps it; tensors and models too belong to the
/// thread that made them. A collective exchanges addresses on a board that all ranks see: each
/// writes its own, waits for all, reads from the others' memory, waits again. Ranks that disagree
/// about the collective or its size stop the program.
package final class ThreadCommunicator: Communicator {
  /// This thread's number, `0 ..< size`.
  package let rank: Int
  /// The number of ranks of the job.
  package var size: Int { job.size }
  /// This rank's number among those of its pretended host.
  package let localRank: Int
  /// The number of ranks of its pretended host.
  package let localSize: Int
  /// The fewest ranks of any pretended host.
  package var leastLocalSize: Int { job.leastLocalSize }
  /// True: what a second thread calls is told apart by its board.
  package let allowsThreads = true
  /// The name of the pretended host.
  package let host: String
  /// See `StepMember.step`.
  package let step = StepContext()
  /// See `Communicator.profile`.
  package let profile: StepProfile

  private let job: ThreadJob
  /// A place for each rank's `Post`, and the barrier.
  private let board: SharedWindow
  /// The same for one rank of each host; nil where a host has no rank of this local number.
  private let acrossHosts: SharedWindow?

  /// What a rank offers to the others, and what it takes the collective for.
  private struct Post {
    var name: StaticString
    var bytes: Int
    var pointer: UnsafeMutableRawPointer?
  }

  /// Rank `rank` of `job`; each of the job's threads makes its own.
  package init(_ job: ThreadJob, rank: Int) {
    self.job = job
    self.rank = rank
    profile = StepProfile { job.clock(rank) }
    check(
      rank >= 0 && rank < job.size, "ThreadCommunicator: rank \(rank) is not one of \(job.size)")
    let place = job.places[rank]
    (localRank, localSize) = (place.localRank, place.ranks.count)
    host = job.hostNames[rank]
    board = SharedWindow(bases: job.board.shares, localRank: rank, ownedBy: job.board)
    acrossHosts =
      localRank < job.leastLocalSize
      ? SharedWindow(
        bases: job.acrossHosts[localRank].shares, localRank: place.host,
        ownedBy: job.acrossHosts[localRank]) : nil
  }

  /// Sums in the order of the ranks.
  package func allReduce<Element: Reducible>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReductionOperation
  ) {
    reduce("allReduce", buffer, operation, on: board)
  }

  /// See `Communicator.allReduceAcrossHosts`; takes as long as the job's `messageDidArrive`.
  package func allReduceAcrossHosts<Element: Reducible>(
    _ buffer: UnsafeMutableBufferPointer<Element>, of count: Int
  ) {
    guard let acrossHosts else { return }
    reduce("allReduceAcrossHosts", buffer, .sum, on: acrossHosts)
    job.messageDidArrive(rank)
  }

  private func reduce<Element: Reducible>(
    _ name: StaticString, _ buffer: UnsafeMutableBufferPointer<Element>,
    _ operation: ReductionOperation, on board: SharedWindow
  ) {
    let raw = UnsafeMutableRawBufferPointer(buffer)
    var result: [UInt8] = []
    exchange(name, raw, on: board) { ranks in
      func terms<Value: BitwiseCopyable>(_ index: Int, _: Value.Type = Value.self) -> [Value] {
        ranks.map { $0.load(fromByteOffset: index * MemoryLayout<Value>.stride, as: Value.self) }
      }
      func reduce<Value: BitwiseCopyable>(_ combine: (Value, Value) -> Value) {
        let values = (0..<buffer.count).map { index in
          let terms: [Value] = terms(index)
          return terms.dropFirst().reduce(terms[0], combine)
        }
        result = values.withUnsafeBytes { Array($0) }
      }
      switch Element.reducibleKind {
      case .float32: reduce(operation.onFloats(Float.self))
      case .float64: reduce(operation.onFloats(Double.self))
      case .int32: reduce(operation.onIntegers(Int32.self))
      case .int64: reduce(operation.onIntegers(Int64.self))
      case .uint64: reduce(operation.onIntegers(UInt64.self))
      case .narrow(let dtype):
        func reduceRounded<Narrow: TensorElement>(_: Narrow.Type) {
          let values = (0..<buffer.count).map { index in
            let terms = terms(index, Narrow.self).map { Float($0.number) }
            let result = terms.dropFirst().reduce(terms[0], operation.onFloats(Float.self))
            return Narrow(number: Double(result))
          }
          result = values.withUnsafeBytes { Array($0) }
        }
        reduceRounded(dtype.elementType)
      }
    }
    raw.copyBytes(from: result)
  }

  /// See `Communicator.broadcast`.
  package func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    checkRoot(root, "broadcast")
    exchange("broadcast", bytes) { ranks in
      if rank != root { bytes.baseAddress?.copyMemory(from: ranks[root], byteCount: bytes.count) }
    }
  }

  /// See `Communicator.allGather`.
  package func allGather(
    _ bytes: UnsafeRawBufferPointer, into result: UnsafeMutableRawBufferPointer
  ) {
    checkGather(bytes.count, result.count)
    exchange("allGather", UnsafeMutableRawBufferPointer(mutating: bytes)) { ranks in
      for (rank, source) in ranks.enumerated() {
        (result.baseAddress.map { $0 + rank * bytes.count })?
          .copyMemory(from: source, byteCount: bytes.count)
      }
    }
  }

  /// See `Communicator.barrier`.
  package func barrier() {
    exchange("barrier", UnsafeMutableRawBufferPointer(start: nil, count: 0)) { _ in }
  }

  /// See `Communicator.makeSharedWindow`; nil where the job pretends to have no shared memory.
  package func makeSharedWindow(byteCount: Int) -> SharedWindow? {
    guard size > 1, job.sharesMemory else { return nil }
    // The first rank of each host makes the memory.
    let memory = localRank == 0 ? ThreadMemory(blocks: localSize, ofSize: byteCount) : nil
    let addresses = gather([memory.map { Unmanaged.passUnretained($0) }])
    let shared = addresses[job.places[rank].ranks[0]][0]?.takeUnretainedValue()
    let window = shared.map {
      SharedWindow(bases: $0.shares, localRank: localRank, ownedBy: $0)
    }
    barrier()  // before which nobody must let go of the memory
    withExtendedLifetime(memory) {}
    return window
  }

  /// See `Communicator.split`.
  package func split(color: Int?, key: Int) -> (any Communicator)? {
    RootBlock.requireOutside("split")
    checkSplit(color, key)
    let all = gather([color ?? -1, key])
    let ranks = all.indices.filter { all[$0][0] == color }
      .sorted { (all[$0][1], $0) < (all[$1][1], $1) }
    // The first rank of each part makes what its ranks share.
    let part = ranks.first == rank ? ThreadJob(ranks, of: job) : nil
    let addresses = gather([part.map { Unmanaged.passUnretained($0) }])
    let shared = ranks.first.flatMap { addresses[$0][0]?.takeUnretainedValue() }
    barrier()  // before which nobody must let go of it
    withExtendedLifetime(part) {}
    guard let shared, let place = ranks.firstIndex(of: rank) else { return nil }
    return ThreadCommunicator(shared, rank: place)
  }

  /// Ends the process, and with it all ranks, with status `code`.
  package func abort(_ code: ExitCode) -> Never { exit(code.rawValue) }

  /// Calls `body` with the addresses that all ranks offer, while they stay valid.
  private func exchange(
    _ name: StaticString, _ bytes: UnsafeMutableRawBufferPointer, on board: SharedWindow? = nil,
    _ body: (_ ranks: [UnsafeMutableRawPointer]) -> Void
  ) {
    RootBlock.requireOutside(name)
    let board = board ?? self.board
    let posts = board.parts.map { $0.assumingMemoryBound(to: Post.self) }
    posts[board.localRank].initialize(
      to: Post(name: name, bytes: bytes.count, pointer: bytes.baseAddress))
    board.barrier()
    for (other, post) in posts.enumerated() {
      check(
        post.pointee.name.description == name.description && post.pointee.bytes == bytes.count,
        """
        \(name): of \(bytes.count) bytes on rank \(rank), but rank \(other) is in \
        \(post.pointee.name) of \(post.pointee.bytes) bytes
        """)
    }
    if bytes.count > 0 { body(posts.compactMap(\.pointee.pointer)) }
    board.barrier()
  }
}

extension ReductionOperation {
  fileprivate func onIntegers<Value: FixedWidthInteger>(_: Value.Type) -> (Value, Value) -> Value {
    switch self {
    case .sum: { $0 &+ $1 }
    case .minimum: { Swift.min($0, $1) }
    case .maximum: { Swift.max($0, $1) }
    }
  }
}
