// Compiles every WGSL file under a folder with Tint, through Dawn's WebGPU for Node, and makes its pipeline.
//
//     node compile.mjs DIR
//
// Tint enforces what naga does not: above all that barriers stand in uniform control flow. Exits with 1 if a file
// fails, with 3 if there is no adapter.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { create } from 'webgpu';

const folder = process.argv[2];
if (!folder) {
  console.error('usage: node compile.mjs DIR');
  process.exit(64);
}

const gpu = create(['backend=vulkan']);
const adapter = await gpu.requestAdapter({ forceFallbackAdapter: true });
if (!adapter) {
  console.error('no fallback adapter: is SwiftShader installed, and does VK_DRIVER_FILES name it?');
  process.exit(3);
}
const subgroups = adapter.features.has('subgroups');
const device = await adapter.requestDevice({ requiredFeatures: subgroups ? ['subgroups'] : [] });
console.log(`Tint on ${adapter.info.description || adapter.info.device || 'an adapter'}, subgroups: ${subgroups}`);

let passed = 0;
let failed = 0;
let skipped = 0;
const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.wgsl')).sort();
for (const file of files) {
  const code = readFileSync(join(folder, file), 'utf8');
  if (code.startsWith('enable subgroups') && !subgroups) {
    skipped += 1;
    continue;
  }
  const problems = await compile(code);
  if (problems.length === 0) {
    passed += 1;
  } else {
    failed += 1;
    console.log(`FAILED ${file}`);
    problems.forEach((problem) => console.log(`  ${problem}`));
  }
}
if (skipped > 0) console.log(`${skipped} skipped: the adapter has no subgroups`);
if (files.length === 0) console.log(`no .wgsl file under ${folder}`);
console.log(`${passed} passed, ${failed} failed`);
// Dawn's threads keep Node alive otherwise.
process.exit(failed > 0 || passed === 0 ? 1 : 0);

// What is wrong with a kernel, as lines; nothing if it is right. Warnings count: a kernel of ours has none.
async function compile(code) {
  const problems = [];
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ code });
  const info = await module.getCompilationInfo();
  for (const { type, message, lineNum } of info.messages) {
    if (type !== 'info') {
      const line = code.split('\n')[lineNum - 1]?.trim() ?? '';
      problems.push(`line ${lineNum}: ${type}: ${message.trim()}\n    ${line}`);
    }
  }
  const invalid = await device.popErrorScope();
  if (invalid && problems.length === 0) problems.push(invalid.message);
  if (problems.length > 0) return problems;

  // Constants without a default need a value; any small one does.
  const unset = [...code.matchAll(/override\s+(\w+)\s*(?::\s*\w+\s*)?;/g)].map((match) => [match[1], 1]);
  try {
    const compute = { module, entryPoint: 'main', constants: Object.fromEntries(unset) };
    await device.createComputePipelineAsync({ layout: 'auto', compute });
  } catch (error) {
    problems.push(`pipeline: ${error.message}`);
  }
  return problems;
}
