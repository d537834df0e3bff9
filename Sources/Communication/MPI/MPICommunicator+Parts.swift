#if MPI
import CMPI
import Parallel

extension MPICommunicator {
  /// See `Communicator.split`. The part stays until the whole ends: made once, not in every step.
  public func split(color: Int?, key: Int) -> (any Communicator)? {
    RootBlock.requireOutside("split")
    requireOpen("split")
    checkSplit(color, key)
    return watched(.split) {
      var part: MPI_Comm?
      member.require(
        "MPI_Comm_split",
        MPI_Comm_split(handle, color.map { Int32($0) } ?? cmpi_undefined(), Int32(key), &part))
      guard color != nil else { return nil }
      let whole = whole ?? self
      let communicator = MPICommunicator(over: part, member, partOf: whole)
      whole.parts.withLock { $0.append(communicator) }
      return communicator
    }
  }
}
#endif
