% Curve, image and comparison in MATLAB, and in Octave (which has no h5read, and loads what is named).
%
%   results('Results/sweep/VARIANT/1', 'out')
function results(run, out)
  if ~exist(out, 'dir'), mkdir(out); end

  % 1. The curve: what a stage trained lies in a folder that inputs.json names.
  inputs = jsondecode(fileread(fullfile(run, 'inputs.json')));
  file = fullfile(inputs.model, 'metrics.h5');
  if exist('h5read')
    steps = h5read(file, '/train/loss_step'); loss = h5read(file, '/train/loss');
  else
    metrics = load('-hdf5', file, 'train');
    steps = metrics.train.loss_step; loss = metrics.train.loss;
  end
  fprintf('step %5d  loss %.4f\n', [steps(:)'; loss(:)']);
  if usejava('desktop'), plot(steps, loss), xlabel('step'), ylabel('loss'), end

  % 2. An image. Axes are counted the other way round, and from 1: [channel, column, row, sample].
  file = fullfile(run, 'samples.h5');
  if exist('h5read')
    images = h5read(file, '/images');
  else
    % Name what is wanted: Octave gives up at texts, such as the names of classes.
    images = load('-hdf5', file, 'images').images;
  end
  disp(size(images))
  first = permute(images(:, :, :, 1), [3 2 1]);
  imwrite(first, fullfile(out, 'sample-octave.png'));

  % 3. Runs of a sweep beside each other.
  found = dir(fullfile(fileparts(fileparts(run)), '*', '*', 'results.json'));
  for i = 1:numel(found)
    result = jsondecode(fileread(fullfile(found(i).folder, found(i).name)));
    for j = 1:numel(result.measurements)
      number = result.measurements(j);
      fprintf('%s  seed %d  %s %.4f\n', result.variant, result.seed, number.name, number.value);
    end
  end
end
