import Laboratory

/// Quantities on held-out images along the training, those of training beside them: whole, by level, by mask ratio and
/// by timestep.
enum ValidationCurves: RunFigure {
  static let name = "validation"
  static let about = "Losses on held-out images along the training: whole, by level, mask ratio and timestep."

  static func panels(of context: FigureContext) throws -> [Panel] {
    let curves = RunRecord(context.run.folder).curves, plots = CurvePlots(context.name, [("", curves)]).plots
    let panels = plots.filter { plot in plot.plot.series.contains { !$0.name.isEmpty } }.map { stage, name, plot in
      Panel(
        "\(Self.name)-\(stage)-\(name.split(separator: " ").joined(separator: "-"))", .plot(plot),
        caption: "\(name) of the \(stage): validation on held-out images, with the averaged parameters where there are."
      )
    }
    guard !panels.isEmpty else { throw Inapplicable("nothing was measured on held-out images along its training") }
    return panels
  }
}
