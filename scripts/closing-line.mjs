// Prints `N passed, N failed` for a run of the checks: node scripts/closing-line.mjs REPORT FAILED
// REPORT is vitest's JSON report; FAILED is how many steps of the run failed, the tests' own included.
// Plain JavaScript without dependencies, so that it also speaks when the installation has failed.
import { readFileSync } from 'node:fs';

const [reportPath = '', failedSteps = '0'] = process.argv.slice(2);
const { passed, failed, skipped } = countTests(reportPath);

// A crash, an unhandled error or a failed step shows as one failure each, though no test says so;
// so does a run of no test at all.
const unseen = Math.max(Number(failedSteps) - (failed > 0 ? 1 : 0), passed + failed === 0 ? 1 : 0);
const failures = failed + unseen;
console.log(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failures > 0 ? 1 : 0;

function countTests(path) {
  let report;
  try {
    report = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    console.log(`no test report: ${error.message}`);
    return { passed: 0, failed: 0, skipped: 0 };
  }
  // A file that cannot be loaded fails without holding a test.
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(hasFailed),
  ).length;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function hasFailed(test) {
  return test.status === 'failed';
}
