#if MPI
import CMPI
public import Diagnostics
import Synchronization

extension MPICommunicator {
  /// See `Communicator.allReduce`.
  public func allReduce<Element: Reducible>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReductionOperation
  ) {
    RootBlock.requireOutside("allReduce")
    requireOpen("allReduce")
    watched(.allReduce(Element.reducibleKind, operation, count: buffer.count)) {
      reduce(buffer, operation, over: handle, "allReduce")
    }
  }

  /// See `Communicator.allReduceAcrossHosts`.
  public func allReduceAcrossHosts<Element: Reducible>(
    _ buffer: UnsafeMutableBufferPointer<Element>, of count: Int
  ) {
    RootBlock.requireOutside("allReduceAcrossHosts")
    requireOpen("allReduceAcrossHosts")
    watched(.allReduceAcrossHosts(Element.reducibleKind, count: count)) {
      guard localRank < leastLocalSize else { return }
      reduce(buffer, .sum, over: acrossHosts, "allReduceAcrossHosts")
    }
  }

  private func reduce<Element: Reducible>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReductionOperation,
    over communicator: MPI_Comm?, _ name: String
  ) {
    forEachChunk(of: buffer.count) { part in
      let start = buffer.baseAddress.map { $0 + part.lowerBound }
      if let datatype = Element.reducibleKind.datatype {
        require(
          name,
          MPI_Allreduce(
            cmpi_in_place(), start, Int32(part.count), datatype, operation.handle, communicator))
      } else if let start, case .narrow(let dtype) = Element.reducibleKind {
        reduceNarrow(start, part.count, dtype, operation, over: communicator) { require(name, $0) }
      }
    }
  }

  /// See `Communicator.broadcast`.
  public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {
    RootBlock.requireOutside("broadcast")
    requireOpen("broadcast")
    checkRoot(root, "broadcast")
    let name = record.ranks[root]
    watched(.broadcast(bytes: bytes.count, root: name), comparedWith: name) {
      forEachChunk(of: bytes.count) { part in
        require(
          "broadcast",
          MPI_Bcast(
            bytes.baseAddress.map { $0 + part.lowerBound }, Int32(part.count), cmpi_byte(),
            Int32(root), handle))
      }
    }
  }

  /// See `Communicator.allGather`.
  public func allGather(
    _ bytes: UnsafeRawBufferPointer, into result: UnsafeMutableRawBufferPointer
  ) {
    RootBlock.requireOutside("allGather")
    requireOpen("allGather")
    checkGather(bytes.count, result.count)
    watched(.allGather(bytes: bytes.count)) {
      forEachChunk(of: bytes.count) { part in
        // One element of this type is a part of one rank's bytes; the next rank's starts a stride
        // later.
        var block: MPI_Datatype?
        var strided: MPI_Datatype?
        let length = Int32(part.count)
        require("allGather", MPI_Type_contiguous(length, cmpi_byte(), &block))
        require("allGather", MPI_Type_create_resized(block, 0, bytes.count, &strided))
        require("allGather", MPI_Type_commit(&strided))
        require(
          "allGather",
          MPI_Allgather(
            bytes.baseAddress.map { $0 + part.lowerBound }, length, cmpi_byte(),
            result.baseAddress.map { $0 + part.lowerBound }, 1, strided, handle))
        require("allGather", MPI_Type_free(&strided))
        require("allGather", MPI_Type_free(&block))
      }
    }
  }

  /// See `Communicator.barrier`.
  public func barrier() {
    RootBlock.requireOutside("barrier")
    requireOpen("barrier")
    watched(.barrier) { require("barrier", MPI_Barrier(handle)) }
  }

  /// See `Communicator.abort`. Any thread may call it.
  public func abort(_ code: ExitCode) -> Never { member.abort(code) }

  /// Does the collective `call`, noted in this rank's record and compared with what the job's rank
  /// `peer` does, or the next rank of this host.
  @inline(__always)
  func watched<Result>(
    _ call: CollectiveCall, comparedWith peer: Int? = nil, _ body: () -> Result
  ) -> Result {
    record.enter(call)
    defer { record.leave(call, comparedWith: peer) }
    return body()
  }

  /// Ends the job if `code`, which `call` returned, is an error: with status 76 where the reason is
  /// that ranks passed different things, which MPI notices on some of them at most.
  private func require(_ call: String, _ code: Int32) {
    if code != MPI_SUCCESS {
      record.endIfErrorIsMismatch()
      member.require(call, code)
    }
  }

  private func forEachChunk(of count: Int, _ body: (Range<Int>) -> Void) {
    let chunk = chunk.load(ordering: .relaxed)
    for start in stride(from: 0, to: count, by: chunk) {
      body(start..<min(start + chunk, count))
    }
  }
}

extension ReducibleKind {
  /// MPI's name of the type; nil where it has none.
  fileprivate var datatype: MPI_Datatype? {
    switch self {
    case .narrow: nil
    case .float32: cmpi_float()
    case .float64: cmpi_double()
    case .int32: cmpi_int32()
    case .int64: cmpi_int64()
    case .uint64: cmpi_uint64()
    }
  }
}

extension ReductionOperation {
  fileprivate var handle: MPI_Op? {
    switch self {
    case .sum: cmpi_sum()
    case .minimum: cmpi_min()
    case .maximum: cmpi_max()
    }
  }
}
#endif
