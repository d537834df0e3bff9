#if MPI
import CMPI
package import Synchronization

/// Hosts that the ranks of one machine take themselves to be on, for tests.
package enum PretendedHosts {
  /// How many; 0: none. To be set before MPI is initialised.
  package static let count = Atomic(0)
}

/// Which ranks of a communicator are on which host, as one rank sees it.
struct HostLayout {
  let rank: Int
  let size: Int
  /// The ranks of this host.
  let node: MPI_Comm?
  /// One rank of each host: those with this local rank.
  let acrossHosts: MPI_Comm?
  let localRank: Int
  let localSize: Int
  /// The fewest ranks that any host has.
  let leastLocalSize: Int
  /// The name of this host.
  let name: String
  /// The number of this host, in the order of the hosts' first ranks.
  let host: Int
  /// How many hosts there are.
  let hostCount: Int

  /// Finds it out; collective over `communicator`.
  init(of communicator: MPI_Comm?, _ member: JobMember) {
    (rank, size) = Self.position(in: communicator, member)
    var node: MPI_Comm?
    let pretended = PretendedHosts.count.load(ordering: .relaxed)
    if pretended > 0 {
      let host = member.rank * pretended / member.size
      name = "host\(host + 1)"
      member.require(
        "MPI_Comm_split", MPI_Comm_split(communicator, Int32(host), Int32(rank), &node))
    } else {
      name = member.host
      member.require("MPI_Comm_split_type", cmpi_split_by_host(communicator, &node))
    }
    self.node = node
    (localRank, localSize) = Self.position(in: node, member)

    var counts: (before: Int32, all: Int32) = (0, 0)
    var isFirstOfHost: Int32 = localRank == 0 ? 1 : 0
    member.require(
      "MPI_Exscan",
      MPI_Exscan(&isFirstOfHost, &counts.before, 1, cmpi_int32(), cmpi_sum(), communicator))
    if rank == 0 { counts.before = 0 }  // which MPI_Exscan leaves undefined
    member.require("MPI_Bcast", MPI_Bcast(&counts.before, 1, cmpi_int32(), 0, node))
    member.require(
      "MPI_Allreduce",
      MPI_Allreduce(&isFirstOfHost, &counts.all, 1, cmpi_int32(), cmpi_sum(), communicator))
    (host, hostCount) = (Int(counts.before), Int(counts.all))

    var acrossHosts: MPI_Comm?
    member.require(
      "MPI_Comm_split",
      MPI_Comm_split(communicator, Int32(localRank), Int32(rank), &acrossHosts))
    self.acrossHosts = acrossHosts
    var least = Int32(localSize)
    member.require(
      "MPI_Allreduce",
      MPI_Allreduce(cmpi_in_place(), &least, 1, cmpi_int32(), cmpi_min(), communicator))
    leastLocalSize = Int(least)
  }

  /// Milliseconds for which this rank gives way to others when it fails: one for each lower rank of
  /// the host, and enough for an abort for each host before this one.
  var patience: UInt32 { UInt32(min(localRank, 50)) + 300 * UInt32(min(host, 5)) }

  /// What the first rank of a host hears of others; nil: this is not one, or there is one host.
  ///
  /// Collective over one rank of each host.
  func watch(_ record: Watch, _ member: JobMember) -> HostWatch? {
    guard localRank == 0, hostCount > 1 else { return nil }
    let listener = host < HostChannel.observers ? HostListener() : nil
    let mine = HostPlace(name: member.host, port: listener?.port ?? 0)
    let places = Self.gather(mine, over: acrossHosts, count: hostCount, member)
    return HostWatch(record, HostChannel(host: host, places: places, listener))
  }

  /// The caller's rank in `communicator`, and the size of that.
  private static func position(
    in communicator: MPI_Comm?, _ member: JobMember
  ) -> (rank: Int, size: Int) {
    var rank: Int32 = 0
    var size: Int32 = 0
    member.require("MPI_Comm_rank", MPI_Comm_rank(communicator, &rank))
    member.require("MPI_Comm_size", MPI_Comm_size(communicator, &size))
    return (Int(rank), Int(size))
  }

  /// The values of all `count` ranks of `communicator`, in their order; collective.
  static func gather<Value: BitwiseCopyable>(
    _ mine: Value, over communicator: MPI_Comm?, count: Int, _ member: JobMember
  ) -> [Value] {
    var mine = mine
    let size = Int32(MemoryLayout<Value>.stride)
    return [Value](unsafeUninitializedCapacity: count) { values, initialized in
      member.require(
        "MPI_Allgather",
        MPI_Allgather(
          &mine, size, cmpi_byte(), values.baseAddress, size, cmpi_byte(), communicator))
      initialized = count
    }
  }
}
#endif
