import Benchmarks
import FoundationEssentials
import Lockstep
import Support

/// What `lockstep bench step` has measured on one number of ranks; times are milliseconds.
struct ScalingRow: Decodable {
  let ranks: Int
  let stepMilliseconds: Double
  let itemsPerSecond: Double
  let compute: Double
  let communication: Double
  let waiting: Double
  let data: Double
  let slowestRank: Int

  private enum CodingKeys: String, CodingKey {
    case ranks
    case stepMilliseconds = "step_ms_median"
    case itemsPerSecond = "items_per_second"
    case compute = "compute_ms"
    case communication = "communication_ms"
    case waiting = "waiting_ms"
    case data = "data_ms"
    case slowestRank = "slowest_rank"
  }

  /// Reads the object that `bench step --json` prints.
  init(_ object: String) throws {
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(object.utf8))
    } catch {
      throw LaunchFailure(
        "bench step printed no measurement, but: \(object)", .internalError)
    }
  }

  /// Items per second and rank, divided by those of `first`.
  func efficiency(against first: ScalingRow) -> Double {
    itemsPerSecond / Double(ranks) / (first.itemsPerSecond / Double(first.ranks))
  }

  func object(_ workload: Workload, _ mode: ScalingMode, efficiency: Double) -> JSONObject {
    JSONObject([
      "workload": .text(workload.rawValue), "ranks": .integer(ranks), "mode": .text(mode.rawValue),
      "step_ms_median": .number(stepMilliseconds), "items_per_second": .number(itemsPerSecond),
      "efficiency": .number(efficiency), "compute_ms": .number(compute),
      "communication_ms": .number(communication), "waiting_ms": .number(waiting),
      "data_ms": .number(data), "slowest_rank": .integer(slowestRank),
    ])
  }
}

/// What grows with the number of ranks.
enum ScalingMode: String, CaseIterable {
  /// The samples of a step.
  case weak
  /// Nothing: the same samples are shared out.
  case strong
}
