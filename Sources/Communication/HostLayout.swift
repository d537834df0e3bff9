import CMPI
package import Synchronization

/// Hosts that the ranks of one machine take themselves to be on, for tests.
package enum PretendedHosts {
  /// How many; 0: none. To be set before MPI is initialised.
  package static let count = Atomic(0)
}

/// Which ranks are on which host, as one rank sees it.
struct HostLayout {
  /// The ranks of this host.
  let node: MPI_Comm?
  let localRank: Int
  let localSize: Int
  /// The number of this host, in the order of the hosts' first ranks.
  let host: Int
  /// How many hosts there are.
  let hostCount: Int

  /// Finds it out, and notes it in `member`; collective.
  init(of world: MPI_Comm?, _ member: inout JobMember) {
    var node: MPI_Comm?
    let pretended = PretendedHosts.count.load(ordering: .relaxed)
    if pretended > 0 {
      let host = member.rank * pretended / member.size
      member.host = "host\(host + 1)"
      member.require(
        "MPI_Comm_split", MPI_Comm_split(world, Int32(host), Int32(member.rank), &node))
    } else {
      member.require("MPI_Comm_split_type", cmpi_split_by_host(world, &node))
    }
    self.node = node
    (localRank, localSize) = Self.position(in: node, member)
    member.isOneHost = localSize == member.size

    var counts: (before: Int32, all: Int32) = (0, 0)
    var isFirstOfHost: Int32 = localRank == 0 ? 1 : 0
    member.require(
      "MPI_Exscan",
      MPI_Exscan(&isFirstOfHost, &counts.before, 1, cmpi_int32(), cmpi_sum(), world))
    if member.rank == 0 { counts.before = 0 }  // which MPI_Exscan leaves undefined
    member.require("MPI_Bcast", MPI_Bcast(&counts.before, 1, cmpi_int32(), 0, node))
    member.require(
      "MPI_Allreduce",
      MPI_Allreduce(&isFirstOfHost, &counts.all, 1, cmpi_int32(), cmpi_sum(), world))
    (host, hostCount) = (Int(counts.before), Int(counts.all))
    // One for each lower rank of the host, and enough for an abort for each host before this one.
    member.patience = UInt32(min(localRank, 50)) + 300 * UInt32(min(host, 5))
  }

  /// What the first rank of a host hears of others; nil: this is not one, or there is one host.
  ///
  /// Collective over `across`, one rank of each host.
  func watch(_ record: Watch, over across: MPI_Comm?, _ member: JobMember) -> HostWatch? {
    guard localRank == 0, hostCount > 1 else { return nil }
    let listener = host < HostChannel.observers ? HostListener() : nil
    let place = HostPlace(name: member.host, port: listener?.port ?? 0)
    let places = HostPlace.exchange(place, over: across, count: hostCount, member)
    return HostWatch(record, HostChannel(host: host, places: places, listener))
  }

  /// The caller's rank in `communicator`, and the size of that.
  static func position(
    in communicator: MPI_Comm?, _ member: JobMember
  ) -> (rank: Int, size: Int) {
    var rank: Int32 = 0
    var size: Int32 = 0
    member.require("MPI_Comm_rank", MPI_Comm_rank(communicator, &rank))
    member.require("MPI_Comm_size", MPI_Comm_size(communicator, &size))
    return (Int(rank), Int(size))
  }
}
