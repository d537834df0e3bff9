#if MPI
import CMPI
package import Parallel
import Support

extension MPICommunicator {
  /// Gives this rank its share of the cores that the ranks of its host may use, unless its number of
  /// threads was chosen. Collective over all ranks of the host.
  ///
  /// Where the job has other ranks on the host, which compute something else, the number stays what it
  /// is: what they need is not known.
  func shareCores() {
    let shares = CoreAllowance.shares(of: allowances(.current()))
    if hasAllRanksOfHost { Threads.take(share: shares[localRank]) }
  }

  /// Whether all ranks of the job on this host are in the communicator, as far as is known.
  private var hasAllRanksOfHost: Bool {
    size == member.size
      || environmentVariable("OMPI_COMM_WORLD_LOCAL_SIZE").flatMap { Int($0) } == localSize
  }

  /// What each rank of this host may use, in the order of their local ranks; this one says `own`.
  /// Collective over all ranks of the host. Of each core its name alone is known.
  package func allowances(_ own: CoreAllowance) -> [CoreAllowance] {
    let numbers = own.numbers
    let counts = gatherOnHost([UInt64(numbers.count)]).map { Int($0[0]) }
    let longest = counts.max() ?? 0
    let padding = [UInt64](repeating: 0, count: longest - numbers.count)
    return zip(gatherOnHost(numbers + padding), counts).map { numbers, count in
      CoreAllowance(numbers: Array(numbers.prefix(count)))
    }
  }

  /// The `values` of every rank of this host, in the order of their local ranks; as many on each.
  /// Collective over all ranks of the host.
  package func gatherOnHost(_ values: [UInt64]) -> [[UInt64]] {
    let count = values.count
    let all = [UInt64](unsafeUninitializedCapacity: count * localSize) { result, initialized in
      member.require(
        "MPI_Allgather",
        MPI_Allgather(
          values, Int32(count), cmpi_uint64(), result.baseAddress, Int32(count), cmpi_uint64(),
          hostRanks))
      initialized = count * localSize
    }
    return (0..<localSize).map { Array(all[($0 * count)..<(($0 + 1) * count)]) }
  }
}
#endif
