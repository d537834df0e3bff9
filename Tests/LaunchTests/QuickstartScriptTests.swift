import TestSupport
import Testing

/// `launch/quickstart` and `launch/compare-pytorch`.
@Suite(.serialized) struct QuickstartScriptTests {
  private let scripts: Scripts

  init() throws {
    scripts = try Scripts()
    try scripts.useBuiltProgram()
  }

  /// Trains for real, and keeps the results of an earlier time.
  @Test func trainsAndTests() throws {
    try scripts.directory.write([1], to: "runs/quickstart/model.safetensors")
    let start = try scripts.run("quickstart")
    #expect(start.status == 0, "\(start.errors)")
    #expect(start.lines.first?.hasPrefix("test loss 0.") == true, "\(start.output)")
    #expect(start.output.contains("\nThe results are in \(scripts.root)/runs/quickstart:\n"))
    let runs = scripts.directory.list("runs")
    #expect(runs.count == 2 && runs[0] == "quickstart" && runs[1].hasPrefix("quickstart-20"))
    #expect(scripts.directory.list("runs/" + (runs.last ?? "")) == ["model.safetensors"])
    let results = scripts.directory.list("runs/quickstart")
    #expect(Set(results).isSuperset(of: ["metrics.jsonl", "model.safetensors", "run.json"]))
    let refused = try scripts.run("quickstart", ["--epochs"])
    #expect(refused.status == 64)
    #expect(
      refused.errors == [
        "error: launch/quickstart takes no arguments; to choose yourself: launch/train"
      ])
  }

  /// Rounds of 4, 1 and 2 ms of ours, and of 4 ms of PyTorch's: half, and in turns.
  @Test func ratiosAreThoseOfMedians() throws {
    let root = scripts.root
    try scripts.writeProgram(
      ".build/release/lockstep",
      """
      echo "ours $*" >>'\(root)/order'
      case $(grep -c ours '\(root)/order') in 1) ms=4 ;; 2) ms=1 ;; *) ms=2 ;; esac
      echo '{"workload":"mlp","step_ms_median":'$ms',"peak_rss_mb":20.5,"loss":1}'
      """)
    // A virtual environment whose Python knows torch once pip has been called.
    try scripts.standIn(
      "python3",
      #"""
      [[ $1 == -m && $2 == venv ]] || exit 1
      mkdir -p "$3/bin"
      cat >"$3/bin/python" <<'END'
      #!/bin/bash
      [[ $1 != -c ]] || exec test -e "$0.has-torch"
      echo "theirs ${*:2}" >>'ROOT/order'
      echo '{"workload": "mlp", "version": "9.9", "step_ms_median": 4.0, "peak_rss_mb": 900.0}'
      END
      printf '#!/bin/bash\ntouch "%s/bin/python.has-torch"\n' "$3" >"$3/bin/pip"
      chmod +x "$3/bin/python" "$3/bin/pip"
      """#.replacing("ROOT", with: root))
    let environment: [String: String?] = ["XDG_CACHE_HOME": root + "/cache"]
    let options = ["--rounds", "3", "--threads", "2", "mlp"]
    let first = try scripts.run("compare-pytorch", options, environment: environment)
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.errors.count == 1 && first.errors[0].hasPrefix("Installing PyTorch into "))
    let line =
      "mlp       Lockstep    2.000 ms    20.5 MB   PyTorch 9.9    4.000 ms   900.0 MB   ratio 0.50"
    #expect(first.lines == [line])
    let order = String(decoding: try scripts.directory.read("order"), as: UTF8.self)
    let ours = "ours bench step --workload mlp --threads 2 --steps 200 --json\n"
    #expect(order == String(repeating: ours + "theirs mlp 2 200\n", count: 3))
    let again = try scripts.run(
      "compare-pytorch", ["--rounds", "1", "mlp"], environment: environment)
    #expect(again.status == 0 && again.errors == [], "what is installed is not installed again")
  }

  @Test(arguments: [
    (["--rounds", "0"], "error: --rounds needs a number from 1"),
    (["--threads"], "error: --threads needs a number from 1"),
    (["--fast"], "error: unknown option --fast; see launch/compare-pytorch --help"),
    (["alexnet"], "error: unknown workload alexnet; there are "),
  ])
  func mistakesAreNamed(_ arguments: [String], _ cause: String) throws {
    let failure = try scripts.run("compare-pytorch", arguments)
    #expect(failure.status == 64 && failure.output == "")
    #expect(failure.errors.count == 1 && failure.errors[0].hasPrefix(cause), "\(failure.errors)")
  }

  /// The peer's own lines, with a stand-in for PyTorch: every workload is made, trained and timed.
  @Test(
    .enabled(if: hasPython, "python3 is not installed"),
    arguments: ["mlp", "lenet", "resnet20", "gpt", "gpt-baby", "rnn"])
  func peersRun(_ workload: String) throws {
    let script = scripts.root + "/launch/peers/pytorch_step.py"
    let peer = try TestSupport.run(
      ["/usr/bin/env", "python3", script, workload, "2", "3"],
      environment: [
        "PYTHONPATH": Scripts.repository + "/Tests/LaunchTests/StandIns",
        "PYTHONDONTWRITEBYTECODE": "1",
      ])
    #expect(peer.status == 0, "\(peer.errors)")
    let start = #"{"workload": "\#(workload)", "threads": 2, "version": "0.0-stand-in", "#
    #expect(peer.lines.count == 1 && peer.output.hasPrefix(start), "\(peer.output)")
    #expect(peer.output.hasSuffix("\"loss\": 1.5}\n"))
  }
}

private let hasPython = (try? run(["/usr/bin/env", "python3", "--version"]).status) == 0
