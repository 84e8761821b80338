# Curve, image and comparison in Julia, with the packages HDF5 and JSON (and Plots, where it is).
#
#   julia results.jl Results/sweep/VARIANT/1
using HDF5, JSON, Statistics

run = ARGS[1]

# 1. The curve: what a stage trained lies in a folder that inputs.json names.
model = JSON.parsefile(joinpath(run, "inputs.json"))["model"]
steps, loss = h5open(joinpath(model, "metrics.h5")) do file
    read(file, "train/loss_step"), read(file, "train/loss")
end
for (step, value) in zip(steps, loss)
    println("step ", Int(step), "  loss ", round(value; digits = 4))
end

# 2. An image. Julia counts axes the other way round, and from 1: [channel, column, row, sample].
images = h5read(joinpath(run, "samples.h5"), "images")
println(size(images))
first = permutedims(images[:, :, :, 1], (3, 2, 1)) ./ 255
println("mean colour ", round.(vec(mean(first; dims = (1, 2))); digits = 3))

# 3. Runs of a sweep beside each other. A folder <variant>-<hash> holds runs that are equal but for their seed.
sweep = dirname(dirname(run))
values = Dict{Tuple{String,String},Vector{Float64}}()
for variant in readdir(sweep; join = true), seed in (isdir(variant) ? readdir(variant; join = true) : String[])
    path = joinpath(seed, "results.json")
    isfile(path) || continue
    result = JSON.parsefile(path)
    for number in result["measurements"]
        push!(get!(values, (basename(variant), number["name"]), Float64[]), number["value"])
    end
end
for ((variant, metric), found) in sort(collect(values); by = entry -> entry[1])
    println(variant, "  ", metric, "  ", mean(found), " ± ", length(found) > 1 ? std(found) : NaN, " (", length(found), ")")
end
