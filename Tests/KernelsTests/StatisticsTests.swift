import Kernels
import TestSupport
import Testing

/// Means and squared deviations of each result.
private func moments(_ run: ReducedRun, of values: [Float]) -> (mean: [Float], deviation: [Float]) {
  let count = run.outer * run.inner
  var (mean, deviation) = ([Float](repeating: 0, count: count), [Float](repeating: 0, count: count))
  moments(run, values, mean: &mean, deviation: &deviation)
  return (mean, deviation)
}

private func indices(_ extreme: Extreme<Float>, _ run: ReducedRun, _ values: [Float]) -> [Int64] {
  var result = [Int64](repeating: -1, count: run.outer * run.inner)
  index(of: extreme, run, values, &result)
  return result
}

@Suite struct StatisticsTests {
  /// Values far from 0, where the mean of squares less the squared mean has no right digit.
  @Test(arguments: [Float(0), 1000])
  func momentsAreExact(_ shift: Float) {
    for run in reducedRuns where run.size > 0 {
      let values = randomValues(run.count).map { $0 + shift }
      let found = moments(run, of: values)
      let groups = run.groups(of: values.map(Double.init))
      let means = groups.map { $0.reduce(0, +) / Double(run.size) }
      let deviations = zip(groups, means).map { group, mean in
        group.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      }
      // The error of a mean grows with the size of the values, up to 4 + shift, and not of the
      // mean.
      let ofValues = Tolerance(relative: 0, absolute: 1e-6 * Double(4 + shift))
      expectClose(found.mean, to: means, within: ofValues, "\(run)")
      expectClose(
        found.deviation, to: deviations,
        within: Tolerance(relative: 1e-5, absolute: 1e-5), "\(run)")
    }
  }

  @Test func indicesAreOfTheFirstExtreme() {
    for run in reducedRuns where run.size > 0 {
      // Few different values, so that there are many ties.
      let values = randomValues(run.count, seed: 3).map { $0.rounded() }
      let groups = run.groups(of: values)
      #expect(
        indices(.largest, run, values)
          == groups.map { Int64($0.firstIndex(of: $0.max() ?? 0) ?? -1) })
      #expect(
        indices(.smallest, run, values)
          == groups.map { Int64($0.firstIndex(of: $0.min() ?? 0) ?? -1) })
      let integers = values.map { Int64($0) }
      var found = [Int64](repeating: -1, count: groups.count)
      index(of: Extreme<Int64>.largest, run, integers, &found)
      #expect(found == indices(.largest, run, values), "\(run)")
      index(of: Extreme<Int64>.smallest, run, integers, &found)
      #expect(found == indices(.smallest, run, values), "\(run)")
    }
  }

  @Test func aNaNIsExtreme() {
    for run in reducedRuns where run.size > 0 && run.count > 0 {
      for place in Set([0, run.size / 2, run.size - 1]) {
        var values = randomValues(run.count)
        for index in [place, run.size - 1] { values[index * run.inner] = .nan }
        #expect(indices(.largest, run, values)[0] == Int64(place), "\(run)")
        #expect(indices(.smallest, run, values)[0] == Int64(place), "\(run)")
      }
    }
  }

  @Test func infinitiesAloneHaveAFirst() {
    for value in [Float.infinity, -.infinity] {
      for (size, inner) in [(40, 1), (40, 3), (100_000, 1)] {
        let run = ReducedRun(outer: 1, size: size, inner: inner)
        let values = [Float](repeating: value, count: run.count)
        #expect(indices(.largest, run, values).allSatisfy { $0 == 0 })
        #expect(indices(.smallest, run, values).allSatisfy { $0 == 0 })
      }
    }
  }

  @Test(arguments: [false, true])
  func runningSums(_ reversed: Bool) {
    for run in reducedRuns {
      let values = randomValues(run.count)
      var found = [Float](repeating: .nan, count: run.count)
      cumulativeSum(run, values, into: &found, reversed: reversed)
      let expected = run.groups(of: values.map(Double.init)).map { group in
        var total = 0.0
        let sums = (reversed ? group.reversed() : group).map { value in
          total += value
          return total
        }
        return reversed ? sums.reversed() : sums
      }
      let groups = run.groups(of: found)  // none where there is nothing to sum
      #expect(groups.count == expected.count)
      for (group, expected) in zip(groups, expected) {
        expectClose(
          group, to: expected, within: Tolerance(relative: 1e-7, absolute: 1e-30), "\(run)")
      }
    }
  }

  @Test func runningSumsOfIntegersWrapAround() {
    let values: [Int64] = [.max, 1, 5]
    var found = [Int64](repeating: 0, count: 3)
    cumulativeSum(ReducedRun(outer: 1, size: 3, inner: 1), values, &found)
    #expect(found == [.max, .min, .min + 5])
    cumulativeSum(ReducedRun(outer: 1, size: 1, inner: 3), values, &found)
    #expect(found == values)
  }

  @Test func productGradientsWithZeros() {
    let rows: [Float] = [2, 3, 4, 0, 3, 4, 0, 3, 0]
    var found = [Float](repeating: .nan, count: 9)
    productGradient(rows: 3, columns: 3, gradient: [1, 2, 5], rows, into: &found)
    #expect(found == [12, 8, 6, 24, 0, 0, 0, 0, 0])
  }
}

extension ThreadTests {
  /// Sums, extremes, means and running sums have the same bits whatever the number of threads.
  @Test func reductionsDoNotDependOnTheNumberOfThreads() {
    for run in reducedRuns + [ReducedRun(outer: 1, size: 3_000_001, inner: 1)] where run.size > 0 {
      let values = randomValues(run.count)
      func results() -> [[UInt32]] {
        var sums = [Float](repeating: 0, count: run.count)
        cumulativeSum(run, values, into: &sums, reversed: false)
        let (mean, deviation) = moments(run, of: values)
        let places = indices(.largest, run, values).map { Float($0) }
        return (Fold.all.map { $0(run, values).dropLast() } + [sums, mean, deviation, places])
          .map { $0.map(\.bitPattern) }
      }
      let alone = withThreads(1, results)
      for threads in [2, 3, 5] { #expect(withThreads(threads, results) == alone, "\(run)") }
    }
  }
}
