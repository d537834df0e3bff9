import Lockstep

/// What `lockstep bench step` has measured on one number of ranks; times are milliseconds.
struct ScalingRow {
  let ranks: Int
  let stepMilliseconds: Double
  let itemsPerSecond: Double
  let compute: Double
  let communication: Double
  let waiting: Double
  let data: Double
  let slowestRank: Int

  /// Reads the object that `bench step --json` prints, whose texts have no commas.
  init(_ object: String) throws {
    let members = object.filter { !"{}\"\n".contains($0) }.split(separator: ",")
    let pairs = members.map { $0.split(separator: ":") }.filter { $0.count == 2 }
    let values = Dictionary(pairs.map { ($0[0], $0[1]) }) { $1 }
    func number(_ key: Substring) throws -> Double {
      guard let value = values[key].flatMap({ Double($0) }) else {
        throw LaunchFailure(
          description: "bench step printed no \(key), but: \(object)", exitCode: .internalError)
      }
      return value
    }
    ranks = Int(try number("ranks"))
    stepMilliseconds = try number("step_ms_median")
    itemsPerSecond = try number("items_per_second")
    compute = try number("compute_ms")
    communication = try number("communication_ms")
    waiting = try number("waiting_ms")
    data = try number("data_ms")
    slowestRank = Int(try number("slowest_rank"))
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
