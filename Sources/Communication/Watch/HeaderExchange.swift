import CMPI
import Diagnostics
import Glibc

/// Compares what all ranks pass to a collective by a message before it, for jobs on several hosts,
/// whose ranks do not see each other's records.
///
/// Off unless `LOCKSTEP_CHECK_COLLECTIVES` is `1`: a message of 16 bytes among all ranks costs as
/// much as a small collective itself (a microsecond on one host, tens between hosts), and without
/// it a mismatch between hosts still ends the job, as an error of MPI or at the watchdog's limit;
/// only who did what is then to be found by comparing. Turn it on to find out.
///
/// `@unchecked Sendable`: the handle is constant, and collectives are called by one thread at a
/// time.
struct HeaderExchange: @unchecked Sendable {
  /// A communicator of its own: a header is never taken for data.
  private let communicator: MPI_Comm?
  private let member: JobMember

  /// Collective; nil where it is not asked for.
  init?(_ member: JobMember) {
    guard getenv("LOCKSTEP_CHECK_COLLECTIVES").map({ String(cString: $0) }) == "1" else {
      return nil
    }
    var communicator: MPI_Comm?
    member.require("MPI_Comm_dup", MPI_Comm_dup(cmpi_comm_world(), &communicator))
    self.communicator = communicator
    self.member = member
  }

  /// Ends the job with status 76, naming all sides, unless all ranks are about to do `call`.
  ///
  /// The largest word and the largest complement of a word, which is that of the smallest, show
  /// whether all words are equal.
  func requireEqual(_ call: CollectiveCall, _ site: @autoclosure () -> CallSite) {
    var extremes: (UInt64, UInt64) = (call.word, ~call.word)
    member.require(
      "MPI_Allreduce",
      MPI_Allreduce(cmpi_in_place(), &extremes, 2, cmpi_uint64(), cmpi_max(), communicator))
    if extremes.0 != ~extremes.1 { stopForDifference("\(call) at \(site().line)") }
  }

  private func stopForDifference(_ mine: String) -> Never {
    let length = 128
    var text = Array(mine.utf8.prefix(length))
    text += [UInt8](repeating: 0, count: length - text.count)
    var texts = [UInt8](repeating: 0, count: length * member.size)
    member.require(
      "MPI_Allgather",
      MPI_Allgather(
        text, Int32(length), cmpi_byte(), &texts, Int32(length), cmpi_byte(), communicator))
    var sides: [(text: String, ranks: [Int])] = []
    for rank in 0..<member.size {
      let bytes = texts[(rank * length)...].prefix(length).prefix { $0 != 0 }
      let text = String(decoding: bytes, as: UTF8.self)
      if let index = sides.firstIndex(where: { $0.text == text }) {
        sides[index].ranks.append(rank)
      } else {
        sides.append((text, [rank]))
      }
    }
    let named = sides.map { side in
      "\(rankList(side.ranks)) \(side.ranks.count == 1 ? "calls" : "call") \(side.text)"
    }
    member.end(
      "the ranks disagree about a collective: \(named.joined(separator: ", "))", .ranksDisagree)
  }
}
