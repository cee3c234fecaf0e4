// Asks @cloud-copilot/iam-simulate about each request on standard input, a list in JSON; answers a list on standard
// output: "Allowed", "ImplicitlyDenied", "ExplicitlyDenied", or "error: …" where it does not take the request.
'use strict'

const { anonymousPrincipal, runSimulation } = require('@cloud-copilot/iam-simulate')

const everybody = { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }
const document = (policy) => ({ Version: '2012-10-17', ...policy })

async function answer(one) {
  const result = await runSimulation(
    {
      request: {
        principal: one.principal || anonymousPrincipal,
        action: one.action,
        resource: { resource: one.resource, accountId: one.owner },
        contextVariables: one.context,
      },
      identityPolicies: one.identity.map((policy, index) => ({ name: `policy-${index}`, policy: document(policy) })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: one.ownerAgrees
        ? document({ Statement: [everybody] })
        : one.resourcePolicy && document(one.resourcePolicy),
      vpcEndpointPolicies: one.endpoint ? [{ name: 'endpoint', policy: document(one.endpoint) }] : undefined,
    },
    {},
  )
  return result.resultType === 'error' ? `error: ${result.errors.message}` : result.overallResult
}

async function main() {
  const chunks = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  const answers = []
  for (const one of JSON.parse(Buffer.concat(chunks).toString())) answers.push(await answer(one))
  process.stdout.write(JSON.stringify(answers))
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
