# Curve, image and comparison with rhdf5 and jsonlite (Bioconductor and CRAN; Debian: r-bioc-rhdf5, r-cran-jsonlite).
#
#   Rscript results.R Results/sweep/VARIANT/1 out
library(rhdf5)

words <- commandArgs(trailingOnly = TRUE)
run <- words[1]
out <- words[2]
dir.create(out, recursive = TRUE, showWarnings = FALSE)

# 1. The curve: what a stage trained lies in a folder that inputs.json names.
model <- jsonlite::fromJSON(file.path(run, "inputs.json"))$model
train <- h5read(file.path(model, "metrics.h5"), "train")
curve <- data.frame(step = train$loss_step, loss = train$loss)
print(curve)
png(file.path(out, "curve-r.png"))
plot(curve, type = "l")
invisible(dev.off())

# 2. An image. R counts axes the other way round: [channel, column, row, sample], and from 1.
images <- h5read(file.path(run, "samples.h5"), "images")
print(dim(images))
first <- aperm(images[, , , 1], c(3, 2, 1))
storage.mode(first) <- "integer" # bytes come as raw
png(file.path(out, "sample-r.png"))
plot(as.raster(first, max = 255), interpolate = FALSE)
invisible(dev.off())

# 3. Runs of a sweep beside each other. A folder <variant>-<hash> holds runs that are equal but for their seed.
files <- Sys.glob(file.path(dirname(dirname(run)), "*", "*", "results.json"))
rows <- lapply(files, function(path) {
  result <- jsonlite::fromJSON(path)
  data.frame(variant = basename(dirname(dirname(path))), metric = result$measurements$name, value = result$measurements$value)
})
print(aggregate(value ~ metric + variant, do.call(rbind, rows),
                function(x) c(mean = mean(x), sd = sd(x), n = length(x))))
