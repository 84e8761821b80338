import Autoregression
import Directions
import Settings
import Tensors

/// The direction that a file would name, over a grid of 4 x 4 cells unless said otherwise.
func direction(_ yaml: String, over grid: Grid = Grid(height: 4, width: 4)) throws -> any RegressionDirection {
  var settings = try Settings(parsing: yaml, file: "experiment.yaml")
  let type = try Registry.linked().find("direction", &settings, as: (any RegressionDirection.Type).self)
  let direction = try type.init(&settings, over: grid)
  try settings.finish()
  return direction
}

/// The direction `frequency` with some settings, written as YAML's flow: "levels: [0, 2], target: band".
func frequency(_ settings: String = "", over grid: Grid = Grid(height: 4, width: 4)) throws -> any RegressionDirection {
  try direction("{ use: frequency\(settings.isEmpty ? "" : ", \(settings)") }", over: grid)
}

/// All turns of one generation.
func turns(of direction: any RegressionDirection, batch: Int = 1, _ random: Random? = nil) -> [Turn] {
  var random = random ?? Random(seed: 1, samples: Array(0..<batch)), past = Past(), turns: [Turn] = []
  while let turn = direction.turn(after: past, batch: batch, &random) {
    turns.append(turn)
    past.last = turn
  }
  return turns
}
