// Goal: npm's net-snmp reads every object of the agent with the type, size
// and labels of the module, as its own parser reads it.
// usage: node clients_npm.js DIRECTORY-OF-MODULES BASE-MODULES HOST PORT
// with NODE_PATH naming the directory of net-snmp.
"use strict";
const snmp = require("net-snmp");
const version = require("net-snmp/package.json").version;
const [mibs, base, host, port] = process.argv.slice(2);
const SCALARS = 36, COLUMNS = 45, ROWS = 2;

function fail(text) {
	console.error("clients: npm net-snmp: " + text);
	process.exit(1);
}

// OID below which the instances of an object are: what the module says of it.
function load() {
	const store = snmp.createModuleStore(), objects = new Map();
	for (const file of [base + "/SNMP-FRAMEWORK-MIB", base + "/NET-SNMP-MIB",
		mibs + "/LEASELINE-MIB.txt"])
		store.loadFromFile(file);
	for (const it of store.getProvidersForModule("LEASELINE-MIB")) {
		const columns = it.tableColumns || [];
		for (const column of columns)
			objects.set(`${it.oid}.${column.number}`,
				Object.assign({column: true}, column));
		if (!columns.length)
			objects.set(it.oid, {name: it.name, type: it.scalarType,
				constraints: it.constraints});
	}
	const text = store.getModule("LEASELINE-MIB");
	for (const object of objects.values()) {
		const syntax = text[object.name].SYNTAX;
		if (syntax === "DateAndTime")
			object.constraints = {sizes: [{min: 11, max: 11}]};
		// It takes named bits for an enumeration; they are octets.
		if (typeof syntax === "object" && "BITS" in syntax)
			Object.assign(object, {type: snmp.ObjectType.OctetString,
				constraints: {sizes: [{min: 1, max: 1}]}});
	}
	const root = store.translate("LEASELINE-MIB::leaselineMIB", "oid");
	return {objects, root};
}

function check(object, oid, value, type) {
	const name = snmp.ObjectType;
	if (type !== object.type)
		fail(`${object.name} ${oid} is ${name[type]} on the wire,` +
			` ${name[object.type]} in the module`);
	const {sizes, enumeration} = object.constraints || {};
	if (enumeration && type === name.Integer && !(value in enumeration))
		fail(`${object.name} ${oid} is ${value}`);
	if (sizes && !sizes.some(s => value.length >= s.min &&
		value.length <= s.max))
		fail(`${object.name} ${oid} has ${value.length} octets`);
}

function walk(session, known) {
	const seen = new Map();
	return new Promise((resolve) => session.subtree(known.root, 20,
		(binds) => {
			for (const bind of binds) {
				const oid = bind.oid.replace(/\.[0-9]+$/, "");
				const object = known.objects.get(oid);
				if (!object)
					fail(`${bind.oid} is nothing of the module`);
				check(object, bind.oid, bind.value, bind.type);
				seen.set(oid, (seen.get(oid) || 0) + 1);
			}
		}, (error) => {
			session.close();
			if (error)
				fail(String(error));
			resolve(seen);
		}));
}

async function main() {
	const known = load();
	const options = {port: Number(port), timeout: 5000};
	const ways = {
		v2c: () => snmp.createSession(host, "public",
			Object.assign({version: snmp.Version2c}, options)),
		v3: () => snmp.createV3Session(host, {name: "operator",
			level: snmp.SecurityLevel.authPriv,
			authProtocol: snmp.AuthProtocols.sha256,
			authKey: "authpass12",
			privProtocol: snmp.PrivProtocols.aes,
			privKey: "privpass12"}, options),
	};
	for (const way of Object.keys(ways)) {
		const seen = await walk(ways[way](), known);
		const types = new Map();
		let values = 0, rows = 0, columns = 0;
		for (const [oid, count] of seen) {
			const object = known.objects.get(oid);
			const type = snmp.ObjectType[object.type];
			types.set(type, (types.get(type) || 0) + 1);
			values += count;
			columns += object.column ? 1 : 0;
			rows = Math.max(rows, count);
			if (object.column && count < ROWS)
				fail(`${object.name} is in ${count} rows only`);
		}
		if (columns !== COLUMNS || seen.size - columns !== SCALARS)
			fail(`${columns} columns of ${seen.size} objects`);
		console.log(`clients: npm net-snmp ${version} ${way}: ${values}` +
			` values, ${SCALARS} scalars and ${COLUMNS} columns over` +
			` ${rows} rows, each in ${ROWS} at least: ` +
			[...types].map(([t, n]) => `${n} ${t}`).sort().join(", "));
	}
}

main();
